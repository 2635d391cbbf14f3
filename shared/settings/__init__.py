"""Every setting there is: its variable, its type, what it is for, and its default.

A setting is declared where its type is: a field of the Struct for its concern. A service states which
concerns it needs as a Struct of its own and passes it to `read`, so that no process needs a secret it has no
use for. The profiles differ only in defaults: one that is given as `dev` holds in the dev profile alone, and
prod refuses it where it is a secret.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from shared.settings import reading
from shared.settings.variables import (
    DURATION,
    HTTP_URL,
    KIB,
    PORT,
    POSTGRES_URL,
    REDIS_URL,
    SECRET,
    SIZE,
    TEXT,
    Secret,
    Variable,
    between,
    one_of,
)

ProfileName = Annotated[
    Literal["dev", "staging", "prod"],
    Variable("PROFILE", one_of("dev", "staging", "prod"), "Which defaults hold."),
]
ApiToken = Annotated[
    Secret,
    Variable("API_TOKEN", SECRET, "The bearer token that the API asks for.", "loadstone-dev-token"),
]
OpsHost = Annotated[str, Variable("OPS_HOST", TEXT, "The address for /metrics, /live and /ready.")]


class Database(Struct, frozen=True, kw_only=True):
    """PostgreSQL: the catalog and the data."""

    url: Annotated[
        Secret,
        Variable(
            "DATABASE_URL",
            POSTGRES_URL,
            "Where PostgreSQL is.",
            "postgresql://loadstone:loadstone@127.0.0.1:5432/loadstone",
        ),
    ]
    pool_size: Annotated[
        int, Variable("DATABASE_POOL_SIZE", between(1, 1000), "Connections per process, at most.")
    ] = 10


class Redis(Struct, frozen=True, kw_only=True):
    """Redis or Valkey: the doorbell of the workers, and nothing that can't be lost."""

    url: Annotated[
        Secret, Variable("REDIS_URL", REDIS_URL, "Where Redis or Valkey is.", "redis://127.0.0.1:6379/0")
    ]


class ObjectStore(Struct, frozen=True, kw_only=True):
    """S3, or what speaks its protocol. Without keys the AWS SDK's own chain finds credentials."""

    endpoint_url: Annotated[
        str | None, Variable("S3_ENDPOINT_URL", HTTP_URL, "Where the object store is; AWS when not set.")
    ] = None
    region: Annotated[str, Variable("S3_REGION", TEXT, "The buckets' region.")] = "us-east-1"
    access_key_id: Annotated[
        str | None, Variable("S3_ACCESS_KEY_ID", TEXT, "The access key; the SDK's own chain when not set.")
    ] = None
    secret_access_key: Annotated[
        Secret | None, Variable("S3_SECRET_ACCESS_KEY", SECRET, "The secret that belongs to the access key.")
    ] = None

    def __post_init__(self) -> None:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError(
                "LOADSTONE_S3_ACCESS_KEY_ID and LOADSTONE_S3_SECRET_ACCESS_KEY: set both or none"
            )


class Api(Struct, frozen=True, kw_only=True):
    """The API's process."""

    token: ApiToken
    host: Annotated[str, Variable("API_HOST", TEXT, "The address on which the API listens.")] = "127.0.0.1"
    port: Annotated[int, Variable("API_PORT", PORT, "The port on which the API listens.")] = 8080
    ops_host: OpsHost = "127.0.0.1"
    ops_port: Annotated[int, Variable("API_OPS_PORT", PORT, "The API's port for metrics.")] = 9101


class Client(Struct, frozen=True, kw_only=True):
    """What the command line needs to speak to the API."""

    url: Annotated[
        str, Variable("API_URL", HTTP_URL, "Where the command line finds the API.", "http://127.0.0.1:8080")
    ]
    token: ApiToken


class Worker(Struct, frozen=True, kw_only=True):
    """The worker's process."""

    concurrency: Annotated[
        int, Variable("WORKER_CONCURRENCY", between(1, 100), "Runs at once in one worker.")
    ] = 2
    lease: Annotated[
        timedelta,
        Variable("LEASE", DURATION, "How long a silent worker keeps its run."),
    ] = timedelta(seconds=10)
    drain: Annotated[
        timedelta,
        Variable("DRAIN", DURATION, "How long runs may go on after SIGTERM; then they are queued again."),
    ] = timedelta(seconds=20)
    block_bytes: Annotated[
        int, Variable("BLOCK_BYTES", SIZE, "How much of a file is parsed at once; bounds the memory.")
    ] = 1024 * KIB
    max_compression_ratio: Annotated[
        int,
        Variable(
            "MAX_COMPRESSION_RATIO", between(2, 100_000), "Beyond this growth a file is a decompression bomb."
        ),
    ] = 200
    part_bytes: Annotated[
        int,
        Variable("PART_BYTES", SIZE, "A delivery of several objects is spread in parts of at least this."),
    ] = 16 * 1024 * KIB
    max_parts: Annotated[
        int, Variable("MAX_PARTS", between(1, 100), "In how many parts at most; 1 spreads nothing.")
    ] = 8
    publish_timeout: Annotated[
        timedelta, Variable("PUBLISH_TIMEOUT", DURATION, "How long a publish tries to get its locks.")
    ] = timedelta(minutes=5)
    lock_timeout: Annotated[
        timedelta,
        Variable("LOCK_TIMEOUT", DURATION, "How long one try of a publish may make other readers wait."),
    ] = timedelta(milliseconds=100)
    check_timeout: Annotated[
        timedelta, Variable("CHECK_TIMEOUT", DURATION, "How long a query of a quality rule may take.")
    ] = timedelta(minutes=1)
    ops_host: OpsHost = "127.0.0.1"
    ops_port: Annotated[int, Variable("WORKER_OPS_PORT", PORT, "The worker's port for metrics.")] = 9102

    @property
    def heartbeat(self) -> timedelta:
        """How often a lease is extended: two at least may be lost before it runs out.

        It is also how soon a running import hears of its cancellation, so it is never more than a second.
        """
        return min(self.lease / 3, timedelta(seconds=1))


class Scheduler(Struct, frozen=True, kw_only=True):
    """The scheduler's process."""

    tick: Annotated[
        timedelta, Variable("SCHEDULER_TICK", DURATION, "How often the scheduler looks what is due.")
    ] = timedelta(seconds=1)
    wait_limit: Annotated[
        timedelta, Variable("WAIT_LIMIT", DURATION, "How long an incomplete delivery is waited for.")
    ] = timedelta(hours=24)
    rering: Annotated[
        timedelta, Variable("RERING", DURATION, "After how long an unclaimed run is enqueued again.")
    ] = timedelta(seconds=30)
    ops_host: OpsHost = "127.0.0.1"
    ops_port: Annotated[int, Variable("SCHEDULER_OPS_PORT", PORT, "The scheduler's port for metrics.")] = 9103


class Log(Struct, frozen=True, kw_only=True):
    """What is logged, and how."""

    format: Annotated[
        Literal["json", "console"],
        Variable("LOG_FORMAT", one_of("json", "console"), "For machines or for people.", "console"),
    ] = "json"
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Variable("LOG_LEVEL", one_of("debug", "info", "warning", "error"), "What is logged at least."),
    ] = "info"


class Settings(Struct, frozen=True, kw_only=True):
    """Every setting there is."""

    profile: ProfileName = "dev"
    log: Log
    database: Database
    redis: Redis
    store: ObjectStore
    api: Api
    client: Client
    worker: Worker
    scheduler: Scheduler


def read[Form: Struct](environ: Mapping[str, str], *, form: type[Form], dotenv: Path | None = None) -> Form:
    """Return `form` (`Settings`, or a Struct of the concerns that a service needs), filled in.

    A variable's value comes from `environ`, or else from the file `dotenv`, or else from the file that the
    variable's name with `_FILE` points at; what is empty counts as not set. Raises SettingsInvalid with every
    mistake at once, unknown LOADSTONE_ variables included, whichever concern they belong to.
    """
    return reading.read(environ, form=form, known=Settings, file=dotenv)
