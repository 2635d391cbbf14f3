"""What an import found: rejected records, counts per object, checks."""

from enum import StrEnum

from msgspec import Struct


class RejectCode(StrEnum):
    """Why a record was rejected. Codes never change; docs/reference/errors.md explains each."""

    FIELD_COUNT = "field_count"
    INVALID_JSON = "invalid_json"
    UNKNOWN_FIELD = "unknown_field"
    STRAY_QUOTE = "stray_quote"
    STRAY_CARRIAGE_RETURN = "stray_carriage_return"
    STRAY_LINE_FEED = "stray_line_feed"
    STRAY_ESCAPE = "stray_escape"
    INVALID_BYTES = "invalid_bytes"
    NUL_BYTE = "nul_byte"
    TYPE_MISMATCH = "type_mismatch"
    OUT_OF_RANGE = "out_of_range"
    REQUIRED = "required"
    MIN_LENGTH = "min_length"
    MAX_LENGTH = "max_length"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    PATTERN = "pattern"
    ENUM = "enum"
    JSON_SCHEMA = "json_schema"


class Reject(Struct, frozen=True, kw_only=True):
    """One record that was not loaded. `line` is the 1-based physical line on which the record starts.

    `column` is the field's name, or None where the record as a whole is at fault. `raw` holds the record's
    bytes exactly as they stood in the file, without the line end.
    """

    line: int
    column: str | None = None
    code: RejectCode
    message: str
    raw: bytes


class ObjectCounts(Struct, frozen=True, kw_only=True):
    """What was read of one object. `bytes_read` counts compressed bytes, as stored in the bucket."""

    key: str
    bytes_read: int = 0
    records_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    blank_lines: int = 0
