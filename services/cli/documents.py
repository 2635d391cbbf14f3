"""Dataset documents on this machine: found, read, and every mistake of all of them told at once."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from shared.domain import document
from shared.domain.dataset import Dataset
from shared.errors import DatasetInvalid, RequestInvalid
from shared.files import convert

FOLDER = Path("datasets")
ENDINGS = (".yaml", ".yml", ".json")
# Files beside the documents that hold a schema or a dialect for some of them.
_PARTS = (".schema", ".dialect")


def read(path: Path) -> Dataset:
    """The dataset that a file declares; files that it refers to are read from its folder."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RequestInvalid(
            f"can't read {path}: {error.strerror}", hint="Name a dataset document."
        ) from None
    return document.parse(content, source=str(path), base=path.parent, check_field=convert.check_field)


def read_all(paths: Sequence[Path]) -> list[Dataset]:
    """The datasets of files and folders, by name. Raises DatasetInvalid with the mistakes of all files."""
    found: dict[str, Dataset] = {}
    problems: list[str] = []
    for path in _files(paths):
        try:
            dataset = read(path)
        except DatasetInvalid as mistaken:
            problems += [f"{path}: {problem}" for problem in mistaken.problems]
            continue
        if dataset.name in found:
            problems.append(f"{path}: another file declares the dataset {dataset.name} too")
        found[dataset.name] = dataset
    if problems:
        count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        raise DatasetInvalid(f"the documents have {count}; nothing was sent", problems=problems)
    return [found[name] for name in sorted(found)]


def _files(paths: Iterable[Path]) -> list[Path]:
    files = [file for path in paths for file in (_inside(path) if path.is_dir() else [path])]
    if not files:
        where = ", ".join(str(path) for path in paths)
        raise RequestInvalid(
            f"no dataset documents in {where}", hint="`loadstone infer FILE` writes a first one."
        )
    return list(dict.fromkeys(files))


def _inside(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.suffix in ENDINGS and Path(file.stem).suffix not in _PARTS:
            yield file
