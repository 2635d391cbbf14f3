"""The section `evolution`: what happens when a file's columns or types are not those of the contract."""

from typing import Literal

from shared.domain.dataset.part import Part


class Evolution(Part, frozen=True, kw_only=True):
    """A mode for each kind of change. Those of columns must agree with `schema.fieldsMatch`."""

    new_columns: Literal["evolve", "freeze", "discard_value"] | None = None
    missing_columns: Literal["evolve", "freeze"] | None = None
    type_mismatch: Literal["quarantine", "discard_value", "freeze"] = "quarantine"
