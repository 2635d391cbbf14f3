"""How settings get their values: from variables, `.env` and mounted secrets, all mistakes in one message."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import NODEFAULT, Struct

from shared.errors import SettingsInvalid
from shared.settings import dotenv
from shared.settings.variables import Variable, masked

PREFIX = "LOADSTONE_"


class Declared(Struct, frozen=True, kw_only=True):
    """A variable at the place where it is declared: the concern's Struct, and the field's own default."""

    concern: type[Struct]
    field: str
    variable: Variable
    default: Any

    @property
    def name(self) -> str:
        """The variable's whole name."""
        return PREFIX + self.variable.name


def declared(form: type[Struct]) -> Iterator[Declared]:
    """Yield every variable of `form` and of the Structs inside it, in reading order."""
    hints = get_type_hints(form, include_extras=True)
    for field in msgspec.structs.fields(form):
        hint = hints[field.name]
        if get_origin(hint) is Annotated:
            (variable,) = (extra for extra in get_args(hint)[1:] if isinstance(extra, Variable))
            yield Declared(concern=form, field=field.name, variable=variable, default=field.default)
        else:
            yield from declared(hint)


def read[Form: Struct](
    environ: Mapping[str, str], *, form: type[Form], known: type[Struct], file: Path | None = None
) -> Form:
    """Return `form` filled from the environment; raises SettingsInvalid with every mistake at once.

    `known` declares all variables that may be set, also those that `form` doesn't ask for.
    """
    reader = _Reader(environ, file, list(declared(known)))
    filled = reader.fill(form)
    if reader.mistakes or filled is None:
        mistakes = list(dict.fromkeys(reader.mistakes))
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise SettingsInvalid("\n  ".join([f"The settings have {count}:", *mistakes]))
    return filled


class _Reader:
    """One reading of the environment, and the mistakes found on the way."""

    def __init__(self, environ: Mapping[str, str], file: Path | None, known: list[Declared]) -> None:
        self.mistakes: list[str] = []
        ours = {name: text for name, text in environ.items() if name.startswith(PREFIX) and text}
        self._texts = {**self._from_file(file, ours), **ours}
        self._profile = "dev"
        self._profile = next(
            str(self._value(each) or "dev") for each in known if each.variable.name == "PROFILE"
        )
        self._refuse_unknown({each.name for each in known})

    def _from_file(self, file: Path | None, ours: Mapping[str, str]) -> dict[str, str]:
        """Return what `file` sets and the environment doesn't, under either of a variable's two names."""
        if file is None or not file.is_file():
            return {}
        try:
            texts, broken = dotenv.parse(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            self.mistakes.append(f"{file.name}: found {_reason(error)}, expected a readable file")
            return {}
        self.mistakes += [f"{file.name}, line {line}: expected NAME=value" for line in broken]
        overridden = {name.removesuffix("_FILE") for name in ours}
        return {
            name: text
            for name, text in texts.items()
            if name.startswith(PREFIX) and text and name.removesuffix("_FILE") not in overridden
        }

    def _refuse_unknown(self, known: set[str]) -> None:
        """Note every variable with our prefix that means nothing, with what was perhaps meant."""
        possible = known | {f"{name}_FILE" for name in known}
        for name in sorted(self._texts.keys() - possible):
            near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.8)
            self.mistakes.append(f"{name}: unknown" + (f"; did you mean {near[0]}?" if near else ""))

    def fill[Form: Struct](self, form: type[Form]) -> Form | None:
        """Return `form` with its values, or None where one of them is a mistake."""
        before = len(self.mistakes)
        values: dict[str, Any] = {}
        own = {each.field: each for each in declared(form) if each.concern is form}
        hints = get_type_hints(form)
        for field in msgspec.structs.fields(form):
            each = own.get(field.name)
            values[field.name] = self.fill(hints[field.name]) if each is None else self._value(each)
        if len(self.mistakes) > before:
            return None
        try:
            return form(**values)
        except ValueError as error:  # a concern's own rule about several settings together
            self.mistakes.append(str(error))
            return None

    def _value(self, each: Declared) -> object:
        variable = each.variable
        text = self._text(each.name)
        if text is None and self._profile == "dev":
            text = variable.dev
        if text is None:
            if each.default is NODEFAULT and f"{each.name}_FILE" not in self._texts:
                self.mistakes.append(f"{each.name}: not set, expected {variable.kind.expected}")
            return each.default
        if self._profile == "prod" and variable.kind.secret and _same_secret(text, variable.dev):
            self.mistakes.append(f"{each.name}: found the dev profile's secret, expected one of your own")
        try:
            return variable.kind.read(text)
        except ValueError:
            found = f"**** ({len(text)} characters)" if variable.kind.secret else repr(masked(text))
            self.mistakes.append(f"{each.name}: found {found}, expected {variable.kind.expected}")
            return None

    def _text(self, name: str) -> str | None:
        """Return the text of a variable, or the content of the file that its `_FILE` twin names."""
        text, path = self._texts.get(name), self._texts.get(f"{name}_FILE")
        if path is None:
            return text
        if text is not None:
            self.mistakes.append(f"{name} and {name}_FILE: both are set, expected one of them")
            return text
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            self.mistakes.append(f"{name}_FILE: found {path!r} ({_reason(error)}), expected a readable file")
            return None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return "bytes that are not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror)


def _same_secret(text: str, dev: str | None) -> bool:
    """Whether `text` is the dev profile's secret, or a URL with the same password in it."""
    if dev is None:
        return False
    try:
        password = urlsplit(text).password
    except ValueError:
        return False
    return text == dev or (password is not None and password == urlsplit(dev).password)
