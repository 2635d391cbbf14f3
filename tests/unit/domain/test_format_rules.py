"""What a document may say about a format depends on which format it is."""

import msgspec
import pytest

from shared.domain import document
from shared.errors import DatasetInvalid
from tests.support.catalog import declared


@pytest.mark.parametrize(
    ("format_", "told"),
    [
        (
            {"type": "ndjson", "dialect": {"delimiter": ";"}},
            "format.dialect: found, and ndjson has",
        ),
        (
            {"type": "parquet", "compression": "gzip"},
            "format.compression: gzip found, and Parquet says",
        ),
        ({"type": "parquet", "encoding": "utf-16"}, "format.encoding: 'utf-16' found, and text in Parquet"),
    ],
)
def test_what_a_format_has_no_use_for_is_refused(format_: dict[str, object], told: str) -> None:
    with pytest.raises(DatasetInvalid) as caught:
        document.parse(msgspec.json.encode(declared(format=format_)))
    assert [problem for problem in caught.value.problems if problem.startswith(told)]


@pytest.mark.parametrize(
    ("type_", "path"), [("csv", "/a"), ("ndjson", "a/b"), ("ndjson", "/a~2"), ("ndjson", "")]
)
def test_a_path_is_a_json_pointer_into_a_record_of_ndjson(type_: str, path: str) -> None:
    schema = {"fields": [{"name": "id", "path": path}]}
    with pytest.raises(DatasetInvalid) as caught:
        document.parse(msgspec.json.encode(declared(format={"type": type_}, schema=schema)))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["schema.fields[0].path"]


def test_a_path_into_the_depth_is_taken() -> None:
    schema = {"fields": [{"name": "id", "path": "/a~1b/0/c~0d"}]}
    parsed = document.parse(msgspec.json.encode(declared(format={"type": "ndjson"}, schema=schema)))
    assert parsed.schema.fields[0].path == "/a~1b/0/c~0d"
