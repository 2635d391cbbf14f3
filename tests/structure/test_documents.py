"""What the documents point at exists: files, headings, commands, options and variables."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.main import VERBS, load

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.M | re.S)
LINK = re.compile(r"\]\(([^()\s]+)\)")
INDEX = ROOT / "docs/README.md"


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _prose(path: Path) -> str:
    return FENCED.sub("", path.read_text(encoding="utf-8"))


def _anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", _prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _links(path: Path) -> Iterator[tuple[Path, str]]:
    """Where each relative link leads: a file or folder, and the anchor there."""
    for link in LINK.findall(_prose(path)):
        if not re.match(r"[a-z]+:", link):
            target, _, anchor = link.partition("#")
            yield (path.parent / target).resolve() if target else path, anchor


def _command_lines(path: Path) -> Iterator[list[str]]:
    """Each `loadstone …` of the shell blocks and of the text, as words."""
    text = path.read_text(encoding="utf-8")
    blocks = [body for language, body in FENCED.findall(text) if language in ("sh", "console")]
    lines = [line.strip().removeprefix("$ ") for body in blocks for line in body.splitlines()]
    lines += re.findall(r"`(loadstone [^`]+)`", _prose(path))
    for line in lines:
        if line.startswith("loadstone "):
            yield shlex.split(re.split(r" [|>] ", line)[0], comments=True)[1:]


def _mistakes(words: list[str]) -> list[str]:
    """What the command line wouldn't understand of a line."""
    words = [word for word in words if word not in ("--debug", "…")]
    if not words or words[0].isupper() or words[0].startswith("-"):
        return []
    verb = VERBS.get(words[0])
    if verb is None:
        return [f"no command {words[0]}"]
    known = {name for parameter in load(verb).params for name in parameter.opts} | {"--help", "-h"}
    given = [word.partition("=")[0] for word in words[1:] if word.startswith("-") and word != "-"]
    return [f"{words[0]} has no {option}" for option in given if option not in known]


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = [
        f"{target}#{anchor}"
        for target, anchor in _links(path)
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target))
    ]
    assert broken == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_every_command_exists_with_its_options(path: Path) -> None:
    assert [mistake for words in _command_lines(path) for mistake in _mistakes(words)] == []


def test_a_command_or_option_that_does_not_exist_is_noticed() -> None:
    assert _mistakes(["imprt", "flights"]) == ["no command imprt"]
    assert _mistakes(["import", "flights", "--day", "2013-01-05"]) == ["import has no --day"]


def test_the_readme_shows_commands() -> None:
    assert {"apply", "import", "rollback"} <= {words[0] for words in _command_lines(ROOT / "README.md")}


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {
        target
        for path in DOCUMENTS
        for target in re.findall(r"(?:^|^\$ |`)make ([a-z]+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert {"demo", "up", "test"} <= named <= targets


def test_every_variable_that_is_named_is_a_setting() -> None:
    settings = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `(LOADSTONE_\w+)` \|", settings, re.M))
    named = {
        (_name(path), variable)
        for path in DOCUMENTS
        for variable in re.findall(r"\bLOADSTONE_[A-Z0-9_]*[A-Z0-9]\b", path.read_text(encoding="utf-8"))
    }
    assert {pair for pair in named if pair[1].removesuffix("_FILE") not in known} == set()
    assert len(known) > 20


def test_the_index_names_every_document() -> None:
    linked = {target for target, _ in _links(INDEX)}
    assert [_name(path) for path in (ROOT / "docs").rglob("*.md") if path not in linked | {INDEX}] == []


def test_the_first_command_is_near_the_top_of_the_readme() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert next(number for number, line in enumerate(lines) if line.startswith("$ ")) <= 15
    assert "docs/quickstart.md" in "\n".join(lines)
