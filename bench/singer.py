"""Writes a CSV file as Singer messages, for a target to read from its standard input."""

import csv
import json
import sys
from collections.abc import Callable
from typing import Any

SCHEMA = {
    "order_id": {"type": "integer"},
    "store_id": {"type": "string"},
    "ordered_at": {"type": "string", "format": "date-time"},
    "amount": {"type": "number"},
    "quantity": {"type": ["integer", "null"]},
    "gift": {"type": "boolean"},
    "day": {"type": "string", "format": "date"},
    "rating": {"type": ["integer", "null"]},
    "note": {"type": ["string", "null"]},
}
PARSE: dict[str, Callable[[str], Any]] = {
    "order_id": int,
    "amount": float,
    "quantity": int,
    "gift": "true".__eq__,
    "rating": int,
}


def main() -> None:
    """Write the schema, and a message for each record of the file that the command line names."""
    schema = {"type": "object", "properties": SCHEMA}
    sys.stdout.write(
        json.dumps({"type": "SCHEMA", "stream": "peer", "schema": schema, "key_properties": []}) + "\n"
    )
    with open(sys.argv[1], newline="", encoding="utf-8") as source:  # noqa: PTH123
        for row in csv.DictReader(source):
            record = {name: PARSE.get(name, str)(text) if text else None for name, text in row.items()}
            sys.stdout.write(json.dumps({"type": "RECORD", "stream": "peer", "record": record}) + "\n")


if __name__ == "__main__":
    main()
