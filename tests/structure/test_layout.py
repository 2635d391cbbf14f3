"""What is a rule about the code's structure, held by tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = sorted(path for top in ("services", "shared") for path in (ROOT / top).rglob("*.py"))
EVERYTHING = [*PRODUCT, *sorted(path for top in ("tests", "bench") for path in (ROOT / top).rglob("*.py"))]
DRAWERS = {"utils", "helpers", "common", "misc", "base", "core", "lib", "manager", "handlers"}
PACKAGES = {
    "catalog",
    "domain",
    "files",
    "postgres",
    "settings",
    "telemetry",
    "warehouse",
    "bucket",
    "queue",
    "errors",
}
SQL_WORDS = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|ALTER|DROP|CREATE|WITH)\s", re.M)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_no_module_is_a_junk_drawer() -> None:
    assert [_name(path) for path in EVERYTHING if {path.stem, path.parent.name} & DRAWERS] == []


def test_every_module_of_the_product_begins_with_one_sentence() -> None:
    silent = []
    for path in PRODUCT:
        first = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
        if not first.endswith((".", ":")) and "." not in first:
            silent.append(_name(path))
    assert silent == []


def test_shared_has_at_most_ten_packages() -> None:
    found = {
        path.stem for path in (ROOT / "shared").iterdir() if path.stem not in ("__init__", "__pycache__")
    }
    assert found == PACKAGES


def test_files_stay_readable_in_one_go() -> None:
    long = {_name(path): n for path in PRODUCT if (n := len(path.read_text().splitlines())) > 300}
    long.pop("shared/errors.py", None)  # a catalogue, with a page per error: it reads better whole
    assert long == {}


def test_functions_fit_on_a_screen() -> None:
    long = {}
    for path in PRODUCT:
        for function in _functions(path):
            assert function.end_lineno is not None
            length = function.end_lineno - function.lineno + 1
            if length > 40:
                long[f"{_name(path)}:{function.name}"] = length
    assert long == {}


def test_the_story_of_an_import_is_at_most_20_lines() -> None:
    story = next(f for f in _functions(ROOT / "services/worker/ingest.py") if f.name == "ingest")
    assert story.end_lineno is not None
    assert story.end_lineno - story.lineno + 1 <= 20


def test_sql_stands_in_sql_files_except_in_the_one_package_that_builds_it() -> None:
    found = [
        f"{_name(path)}:{node.lineno}: {node.value[:40]!r}"
        for path in PRODUCT
        if not _name(path).startswith("shared/warehouse/ddl/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_WORDS.match(node.value)
    ]
    assert found == []


def test_imports_are_absolute() -> None:
    relative = [
        f"{_name(path)}:{node.lineno}"
        for path in EVERYTHING
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


@pytest.mark.parametrize(
    ("vendor", "door"),
    [
        ("aioboto3", "shared/bucket"),
        ("botocore", "shared/bucket"),
        ("arq", "shared/queue.py"),
        ("redis", "shared/queue.py"),
        ("pgpq", "shared/warehouse/staging.py"),
        ("litestar", "services/api"),
        ("prometheus_client", "shared/telemetry"),
        ("isal", "shared/files"),
        ("backports", "shared/files"),
        ("cchardet", "shared/files"),
    ],
)
def test_each_vendor_has_one_door(vendor: str, door: str) -> None:
    outside = [
        _name(path)
        for path in PRODUCT
        for imported in _imported(path)
        if imported.split(".")[0] == vendor and not _name(path).startswith(door)
    ]
    assert outside == []


def test_nothing_is_left_to_do_in_comments() -> None:
    marks = re.compile(r"#.*\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [_name(path) for path in EVERYTHING if marks.search(path.read_text())] == []
