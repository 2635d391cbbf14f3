"""What requests name in their addresses, with the bounds that the database needs."""

from typing import Annotated

from litestar.params import HeaderParameter, PathParameter, QueryParameter

from shared.domain.run import RunState

# PostgreSQL's text holds no NUL, and its integers end somewhere.
_TEXT = r"^[^\x00]*$"
_LARGEST_ID = 2**62
_LARGEST_NUMBER = 2**31 - 1
_NEXT = "`next` of the page before."

DatasetName = Annotated[str, PathParameter(pattern=_TEXT, description="The dataset's name.")]
RunNumber = Annotated[int, PathParameter(ge=1, le=_LARGEST_ID, description="The run's id.")]

DryRun = Annotated[
    bool, QueryParameter(name="dryRun", description="Say what would change, and change nothing.")
]
OfDataset = Annotated[
    str | None, QueryParameter(name="dataset", pattern=_TEXT, description="Only runs of this dataset.")
]
InState = Annotated[RunState | None, QueryParameter(name="state", description="Only runs in this state.")]

OfObject = Annotated[
    str | None, QueryParameter(name="object", pattern=_TEXT, description="Only records of this object.")
]

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many items a page holds at most.")]
AfterName = Annotated[str, QueryParameter(name="after", pattern=_TEXT, description=_NEXT)]
AfterId = Annotated[int, QueryParameter(name="after", ge=0, le=_LARGEST_ID, description=_NEXT)]
BeforeId = Annotated[int, QueryParameter(name="before", ge=1, le=_LARGEST_ID, description=_NEXT)]
BeforeNumber = Annotated[int, QueryParameter(name="before", ge=1, le=_LARGEST_NUMBER, description=_NEXT)]
CursorText = Annotated[str | None, QueryParameter(name="cursor", max_length=500, description=_NEXT)]
VersionNumber = Annotated[int, PathParameter(ge=1, le=_LARGEST_NUMBER, description="The version's number.")]
Against = Annotated[
    int | None,
    QueryParameter(
        name="against", ge=1, le=_LARGEST_NUMBER, description="Compare with this version, not the one below."
    ),
]
AtVersion = Annotated[
    int | None,
    QueryParameter(
        name="version", ge=1, le=_LARGEST_NUMBER, description="Rows of this version, a held one too."
    ),
]
Samples = Annotated[int, QueryParameter(name="samples", ge=0, le=100, description="Rows shown of each kind.")]

IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", max_length=1000)]
