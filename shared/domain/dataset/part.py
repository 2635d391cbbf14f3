"""What the sections of a dataset document are made of: a strict mapping, and scalars with a form."""

from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{0,47}$",
        description="a name of at most 48 small letters, digits and underscores, a letter first",
    ),
]
Identifier = Annotated[str, Meta(min_length=1, max_length=63)]
Duration = Annotated[
    str, Meta(pattern=r"^[0-9]{1,6}(ms|s|m|h|d)$", description="a duration such as 30s, 15m or 2h")
]
Size = Annotated[
    str, Meta(pattern=r"^[0-9]{1,9}(B|KiB|MiB|GiB)$", description="a size such as 4MiB or 20GiB")
]
TimeOfDay = Annotated[
    str,
    Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="a time of day such as 07:30"),
]
OneChar = Annotated[str, Meta(min_length=1, max_length=1)]
Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Any mapping inside a dataset document."""
