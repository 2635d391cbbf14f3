"""The state machine of runs is the same in code, in the database and in the drawing."""

import re
from pathlib import Path

from shared.domain.run import TRANSITIONS

ROOT = Path(__file__).parents[2]
IN_CODE = {(state.value, following.value) for state, all_ in TRANSITIONS.items() for following in all_}


def test_the_database_allows_the_same_moves() -> None:
    text = "".join(path.read_text() for path in sorted((ROOT / "shared/postgres/schema").glob("*.sql")))
    block = re.findall(r"INSERT INTO loadstone\.run_transition .*?VALUES(.*?);", text, re.S)
    in_database = {(a, b) for part in block for a, b in re.findall(r"\('(\w+)', '(\w+)'\)", part)}
    assert in_database == IN_CODE


def test_the_drawing_shows_the_same_moves() -> None:
    drawing = (ROOT / "docs/concepts/run-states.md").read_text()
    drawn = set(re.findall(r"^\s*(\w+) --> (\w+)", drawing, re.M))
    assert drawn == IN_CODE
