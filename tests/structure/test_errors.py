"""The tree of errors is whole: codes are unique, drawn, explained, and each error says what to do next."""

import re
from pathlib import Path

from shared import errors
from shared.domain.report import RejectCode
from shared.errors import LoadstoneError, Permanent, Transient

ROOT = Path(__file__).parents[2]


def _all(kind: type[LoadstoneError] = LoadstoneError) -> list[type[LoadstoneError]]:
    return [found for sub in kind.__subclasses__() for found in (sub, *_all(sub))]


OURS = [kind for kind in _all() if kind.__module__ == errors.__name__]
LEAVES = [kind for kind in OURS if not [sub for sub in kind.__subclasses__() if sub in OURS]]


def test_codes_are_unique_and_snake_case() -> None:
    codes = [kind.code for kind in LEAVES]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


def test_every_error_is_either_transient_or_permanent() -> None:
    assert [k for k in OURS if issubclass(k, Transient) == issubclass(k, Permanent)] == []


def test_every_error_says_what_to_do_next() -> None:
    assert [kind.__name__ for kind in LEAVES if not kind.hint] == []


def test_every_error_is_drawn_in_the_tree() -> None:
    drawn = errors.__doc__ or ""
    missing = [k.__name__ for k in LEAVES if not re.search(rf"{k.__name__}\s+{k.code}$", drawn, re.M)]
    assert missing == []


def test_every_code_has_its_entry_in_the_reference() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    codes = [kind.code for kind in LEAVES] + [str(code) for code in RejectCode]
    assert [code for code in codes if f"`{code}`" not in page] == []
