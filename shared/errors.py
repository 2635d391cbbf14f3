"""Every error that Loadstone raises on purpose.

    LoadstoneError
    ├── Transient                 trying again can help
    │   ├── BucketUnavailable         bucket_unavailable
    │   ├── DatabaseUnavailable       database_unavailable
    │   ├── QueueUnavailable          queue_unavailable
    │   ├── ApiUnreachable            api_unreachable
    │   ├── PublishBlocked            publish_blocked
    │   ├── LiveVersionMoved          live_version_moved
    │   ├── LeaseLost                 lease_lost
    │   └── WorkerLost                worker_lost
    └── Permanent                 trying again can't help until somebody changes something
        ├── SettingsInvalid           settings_invalid
        ├── DatasetInvalid            dataset_invalid
        ├── RequestInvalid            request_invalid
        ├── NotFound                  not_found
        ├── VersionRetired            version_retired
        ├── Conflict                  conflict
        ├── Unauthorized              unauthorized
        ├── BucketDenied              bucket_denied
        ├── ObjectChanged             object_changed
        ├── DeliveryReplaced          delivery_replaced
        ├── DeliveryMissing           delivery_missing
        ├── ManifestBroken            manifest_broken
        ├── RunCancelled              run_cancelled
        ├── RunRejected               run_rejected
        ├── DeliverySuperseded        delivery_superseded
        ├── DeliveryUnchanged         delivery_unchanged
        ├── TimeLimitExceeded         time_limit_exceeded
        ├── TargetUnusable            target_unusable
        ├── SlicesDiffer              slices_differ
        ├── CheckRoleMissing          check_role_missing
        ├── LocalStackFailed          local_stack_failed
        ├── FileRefused               the file as a whole can't be read
        │   ├── FileEmpty                 file_empty
        │   ├── FormatBroken              format_broken
        │   ├── FileTooLarge              file_too_large
        │   ├── NotCompressed             not_compressed
        │   ├── ArchiveCorrupt            archive_corrupt
        │   ├── ArchiveUnusable           archive_unusable
        │   ├── DecompressionBomb         decompression_bomb
        │   ├── ObjectCorrupt             object_corrupt
        │   ├── EncodingBroken            encoding_broken
        │   ├── DialectUnclear            dialect_unclear
        │   ├── HeaderBroken              header_broken
        │   ├── QuoteUnterminated         quote_unterminated
        │   └── RecordTooLong             record_too_long
        └── ContractBroken            the file was read, and breaks what its contract promises
            ├── RecordRejected            record_rejected
            ├── TooManyErrors             too_many_errors
            ├── KeyDuplicated             key_duplicated
            ├── ExpectationFailed         expectation_failed
            └── CountsDiffer              counts_differ

The split is by decision: the worker asks only whether an error is `Transient`. Only the API knows HTTP.
"""

from collections.abc import Sequence
from typing import ClassVar


class LoadstoneError(Exception):
    """An error with a stable code, a message for a person, and a hint what to do next."""

    code: ClassVar[str] = "internal_error"
    hint: str = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint


def of_code(code: str) -> type[LoadstoneError]:
    """The error that has a code, to raise again what another process has recorded."""
    found = [LoadstoneError]
    for kind in found:
        if kind.code == code:
            return kind
        found.extend(kind.__subclasses__())
    return LoadstoneError


class Transient(LoadstoneError):
    """Trying again can help."""


class Permanent(LoadstoneError):
    """Trying again can't help until somebody changes something."""


class BucketUnavailable(Transient):
    """The object store did not answer, or broke off."""

    code = "bucket_unavailable"
    hint = "Check that the object store is reachable: `loadstone doctor`."


class DatabaseUnavailable(Transient):
    """PostgreSQL did not answer, refused the login, or ended the connection."""

    code = "database_unavailable"
    hint = "Check that PostgreSQL is reachable: `loadstone doctor`."


class QueueUnavailable(Transient):
    """Redis did not answer."""

    code = "queue_unavailable"
    hint = "Nothing is lost: the scheduler enqueues the run when Redis is back."


class ApiUnreachable(Transient):
    """The API did not answer the command line, or something else answered in its place."""

    code = "api_unreachable"
    hint = "Is it up? `loadstone up` starts it here; LOADSTONE_API_URL says where else to look."


class PublishBlocked(Transient):
    """Readers held the published view longer than the publish may wait."""

    code = "publish_blocked"
    hint = "Look for long transactions on the view in pg_stat_activity."


class LiveVersionMoved(Transient):
    """Another version became live while this one was made from the live one."""

    code = "live_version_moved"
    hint = "The next attempt builds on the version that is live then."


class LeaseLost(Transient):
    """Another worker, or a cancellation, took the run away from this one."""

    code = "lease_lost"
    hint = "Nothing to do: whoever holds the run now finishes it."


class WorkerLost(Transient):
    """The worker fell silent until its lease ran out: killed, out of memory, or cut off."""

    code = "worker_lost"
    hint = "Look for out-of-memory kills of the worker, and for its last log lines."


class SettingsInvalid(Permanent):
    """The environment doesn't make a valid configuration."""

    code = "settings_invalid"
    hint = "See docs/reference/settings.md for every variable."


class DatasetInvalid(Permanent):
    """A dataset document has mistakes; `problems` holds all of them, each with its path."""

    code = "dataset_invalid"
    hint = "See docs/reference/dataset.md for every key."

    def __init__(self, message: str, *, problems: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class RequestInvalid(Permanent):
    """A request that can't be carried out as it was asked."""

    code = "request_invalid"
    hint = "See the API reference for what this request takes."


class NotFound(Permanent):
    """The dataset, run or version doesn't exist."""

    code = "not_found"
    hint = "List what there is: `loadstone runs`, `loadstone versions DATASET`."


class VersionRetired(Permanent):
    """The version existed, and retention has dropped its table."""

    code = "version_retired"
    hint = "Read the live version from its start; retention.versions says how many are kept."


class Conflict(Permanent):
    """The request doesn't fit the state that the dataset or run is in."""

    code = "conflict"
    hint = "Read the present state, then ask again."


class Unauthorized(Permanent):
    """The request carries no valid token."""

    code = "unauthorized"
    hint = "Send `Authorization: Bearer <LOADSTONE_API_TOKEN>`."


class BucketDenied(Permanent):
    """The object store refused: access denied, or no such bucket."""

    code = "bucket_denied"
    hint = "Check the bucket's name and the credentials: `loadstone doctor`."


class ObjectChanged(Permanent):
    """An object was replaced before or while it was read, and can't be read as it was any more."""

    code = "object_changed"
    hint = "Start it again with `loadstone import DATASET --date DATE`, to read the new one."


class DeliveryReplaced(Permanent):
    """A published delivery was replaced in the bucket, and source.onReupload is `fail`."""

    code = "delivery_replaced"
    hint = "The live version stays; if the new objects are right: `loadstone import DATASET --date DATE`."


class DeliveryMissing(Permanent):
    """The expected objects did not arrive in time, or are not there any more."""

    code = "delivery_missing"
    hint = "Ask the sender; then `loadstone import DATASET --date DATE`."


class ManifestBroken(Permanent):
    """A delivery's manifest can't be understood, or names what is no part of the delivery."""

    code = "manifest_broken"
    hint = "Compare it with source.complete.manifest in docs/reference/dataset.md."


class RunCancelled(Permanent):
    """Somebody cancelled the run."""

    code = "run_cancelled"
    hint = "Start it again with `loadstone import DATASET --date DATE`."


class RunRejected(Permanent):
    """Somebody rejected a held run, or it was held for longer than its dataset allows."""

    code = "run_rejected"
    hint = "Start it again with `loadstone import DATASET --date DATE`."


class DeliverySuperseded(Permanent):
    """A newer delivery is live already, and an older one must not take its place by itself."""

    code = "delivery_superseded"
    hint = "If the older one is wanted: `loadstone import DATASET --date DATE --force`."


class DeliveryUnchanged(Permanent):
    """The live version holds everything that was delivered, so that nothing is left to load."""

    code = "delivery_unchanged"
    hint = "Nothing to do; rows that were loaded once are not loaded again."


class TimeLimitExceeded(Permanent):
    """The attempt took longer than `limits.timeout`."""

    code = "time_limit_exceeded"
    hint = "Raise limits.timeout in the dataset, or find out what was slow."


class TargetUnusable(Permanent):
    """The published relation can't be made: it exists as something else, or others depend on its columns."""

    code = "target_unusable"
    hint = "Choose another load.target, or drop what stands in the way."


class SlicesDiffer(Permanent):
    """A slice that the next version keeps holds a column in a type that the contract can't take."""

    code = "slices_differ"
    hint = (
        "Keep the type, give the column another name, or import the deliveries again under the new contract."
    )


class CheckRoleMissing(Permanent):
    """Custom SQL in a quality rule has no restricted role to run as."""

    code = "check_role_missing"
    hint = "See `loadstone doctor`."


class LocalStackFailed(Permanent):
    """A server or service of the embedded stack could not start, or ended by itself."""

    code = "local_stack_failed"
    hint = "Read its last lines above; `loadstone up --data DIR` starts with another data folder."


class FileRefused(Permanent):
    """The file as a whole can't be read. `line` is 1-based and physical, where one is known."""

    code = "file_refused"

    def __init__(self, message: str, *, line: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line


class FormatBroken(FileRefused):
    """The file is not of the format that the dataset declares, or damaged in what holds it together."""

    code = "format_broken"
    hint = "Compare format.type with the file; if it is right, ask the sender for the file again."


class FileEmpty(FileRefused):
    """The file holds nothing, not even a header."""

    code = "file_empty"
    hint = "Ask the sender for the whole file."


class FileTooLarge(FileRefused):
    """The object is larger than limits.maxFileBytes."""

    code = "file_too_large"
    hint = "If the file is genuine, raise limits.maxFileBytes."


class NotCompressed(FileRefused):
    """The contract says one compression, the bytes say another one, or none."""

    code = "not_compressed"
    hint = "Set format.compression to `auto`, or ask the sender for a file as the contract says."


class ArchiveCorrupt(FileRefused):
    """The compressed data are cut off, damaged, or followed by something else."""

    code = "archive_corrupt"
    hint = "The upload was probably cut off: ask the sender to send the file again."


class ArchiveUnusable(FileRefused):
    """It can't be told which member of the archive is meant, or that member can't be read."""

    code = "archive_unusable"
    hint = "Let format.member name the one member that holds the data, such as `*.csv`."


class DecompressionBomb(FileRefused):
    """The data grow beyond every sensible ratio, or need too much memory, when decompressed."""

    code = "decompression_bomb"
    hint = "If the file is genuine, raise LOADSTONE_MAX_COMPRESSION_RATIO."


class ObjectCorrupt(FileRefused):
    """The bytes received are not those that the bucket lists: size or checksum differ."""

    code = "object_corrupt"
    hint = "Ask the sender to send the file again."


class EncodingBroken(FileRefused):
    """Bytes are not text in the contract's encoding, or hold NUL, and the contract tolerates none."""

    code = "encoding_broken"
    hint = "Compare format.encoding with what the sender writes; `loadstone infer FILE` guesses it."


class DialectUnclear(FileRefused):
    """The dialect is to be found out from the file, and several are as likely, or none is."""

    code = "dialect_unclear"
    hint = "Declare it in format.dialect, and leave it out of format.detect."


class HeaderBroken(FileRefused):
    """The header doesn't fit the contract: missing, duplicate or unknown columns."""

    code = "header_broken"
    hint = "Compare the header with schema.fields; `loadstone infer FILE` shows what the file holds."


class QuoteUnterminated(FileRefused):
    """A quoted field never ends, so that nothing after it can be trusted."""

    code = "quote_unterminated"
    hint = "Look at the named line for a quote that was not doubled."


class RecordTooLong(FileRefused):
    """One record is longer than limits.maxRowBytes."""

    code = "record_too_long"
    hint = "Look at the named line for an unclosed quote; raise limits.maxRowBytes if the record is genuine."


class ContractBroken(Permanent):
    """The file was read, and breaks what its contract promises."""

    code = "contract_broken"


class RecordRejected(ContractBroken):
    """A record was rejected, and the contract tolerates none (onError: ABORT_STATEMENT)."""

    code = "record_rejected"
    hint = "Mend the record, or set load.onError to CONTINUE with a budget."


class TooManyErrors(ContractBroken):
    """More records were rejected than load.maxErrors or load.maxErrorPercent allow."""

    code = "too_many_errors"
    hint = "`loadstone quarantine RUN` lists the rejected records."


class KeyDuplicated(ContractBroken):
    """Two records have the same primary or unique key."""

    code = "key_duplicated"
    hint = "Ask the sender which record counts, or change schema.primaryKey."


class ExpectationFailed(ContractBroken):
    """A quality rule of severity error does not hold for the load."""

    code = "expectation_failed"
    hint = "Compare the delivery with earlier ones: `loadstone versions DATASET`."


class CountsDiffer(ContractBroken):
    """Two independent counts of the same records or bytes differ, so that nothing may be published."""

    code = "counts_differ"
    hint = "This is a defect of Loadstone or of the object store: please report it with the run's record."
