"""Redis: reachable, and set up so that it never drops a message to make room."""

from services.cli.checks.finding import Finding, fail, ok, warn
from shared import queue
from shared.errors import QueueUnavailable
from shared.settings import Redis

SUBJECT = "Redis"


async def check(settings: Redis) -> list[Finding]:
    """What is to say about Redis."""
    async with queue.connect(settings) as client:
        try:
            await queue.ping(client)
        except QueueUnavailable as error:
            hint = "Is it up, and is LOADSTONE_REDIS_URL right? `loadstone up` runs one here."
            return [fail(SUBJECT, error.message, hint)]
        try:
            info = await client.info()
        except Exception as error:  # noqa: BLE001 - an access list may forbid INFO; the queue works without it
            return [
                warn(SUBJECT, f"answers, and does not tell about itself: {error}", "Allow the command INFO.")
            ]
    version = info.get("valkey_version") or info.get("redis_version")
    name = info.get("server_name", "redis")
    return [ok(SUBJECT, f"{name} {version}"), _eviction(str(info.get("maxmemory_policy", "")))]


def _eviction(policy: str) -> Finding:
    if policy == "noeviction":
        return ok("eviction", policy)
    hint = (
        "Set maxmemory-policy to noeviction. No run is lost otherwise, only late: the scheduler rings again."
    )
    return warn("eviction", policy or "unknown", hint)
