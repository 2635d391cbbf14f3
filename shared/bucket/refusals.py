"""What the SDK and the network raise, turned into our errors."""

from collections.abc import Generator
from contextlib import contextmanager

import aiohttp
from botocore import exceptions as sdk

from shared.errors import BucketDenied, BucketUnavailable, DeliveryMissing, LoadstoneError, ObjectChanged

GONE = {"404", "NoSuchKey", "NoSuchVersion"}
CHANGED = {"412", "416", "PreconditionFailed", "InvalidRange"}
BUSY = {"ExpiredToken", "RequestTimeout", "RequestTimeTooSkewed", "SlowDown", "ThrottlingException"}

UNREACHABLE = (
    sdk.ConnectionError,
    sdk.HTTPClientError,
    sdk.IncompleteReadError,
    sdk.CredentialRetrievalError,
    sdk.MetadataRetrievalError,
    aiohttp.ClientError,
    OSError,  # TimeoutError included
)


@contextmanager
def translated(bucket: str, key: str) -> Generator[None]:
    """Turn what the SDK and the network raise into our errors."""
    where = f"{bucket}/{key}" if key else bucket
    try:
        yield
    except sdk.ClientError as error:
        raise _refusal(error, where) from error
    except UNREACHABLE as error:
        raise BucketUnavailable(f"{where}: {error or type(error).__name__}") from error
    except sdk.BotoCoreError as error:  # no credentials, an impossible name: nothing that passes by itself
        raise BucketDenied(f"{where}: {error}") from error


def _refusal(error: sdk.ClientError, where: str) -> LoadstoneError:
    code = error.response["Error"].get("Code", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    message = f"{where}: {error.response['Error'].get('Message') or code} ({code})"
    if code in GONE:
        return DeliveryMissing(f"{where} is not there")
    if code in CHANGED:
        return ObjectChanged(f"{where} was replaced while it was being read")
    if status >= 500 or status == 429 or code in BUSY:
        return BucketUnavailable(message)
    return BucketDenied(message)
