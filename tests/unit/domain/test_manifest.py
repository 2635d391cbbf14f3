"""Manifests in the forms that are about, and what is said of those that can't be understood."""

import base64
import hashlib
import json

import pytest

from shared.domain import manifest
from shared.domain.manifest import Entry
from shared.errors import ManifestBroken

BODY = b"id\n1\n"
SHA256 = hashlib.sha256(BODY).hexdigest()


def parsed(content: object) -> tuple[Entry, ...]:
    written = content if isinstance(content, bytes) else json.dumps(content).encode()
    return manifest.parse(written, bucket="landing", folder="f/2013/")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"key": "f/2013/a.csv", "size": 5}], Entry(key="f/2013/a.csv", size=5)),
        ([{"key": "a.csv", "sha256": SHA256}], Entry(key="f/2013/a.csv", checksum=f"sha256:{SHA256}")),
        (["a.csv"], Entry(key="f/2013/a.csv")),
        ([{"url": "s3://landing/f/2013/a.csv", "etag": "x"}], Entry(key="f/2013/a.csv")),
        (b"s3://landing/f/2013/a.csv\r\n\r\n", Entry(key="f/2013/a.csv")),
        (b"\xef\xbb\xbff/2013/a.csv", Entry(key="f/2013/a.csv")),
        (
            {
                "entries": [
                    {
                        "url": "s3://landing/f/2013/a.csv",
                        "mandatory": False,
                        "meta": {"content_length": 5, "record_count": 1},
                    }
                ]
            },
            Entry(key="f/2013/a.csv", size=5, mandatory=False),
        ),
    ],
)
def test_an_entry_is_read_in_every_form(content: object, expected: Entry) -> None:
    assert parsed(content) == (expected,)


@pytest.mark.parametrize(("algorithm", "digest"), [("md5", bytes(16)), ("crc32c", b"\1\2\3\4")])
def test_a_checksum_is_read_as_hex_and_as_base64(algorithm: str, digest: bytes) -> None:
    written = [digest.hex(), digest.hex().upper(), base64.b64encode(digest).decode()]
    found = {parsed([{"key": "a", algorithm: value}])[0].checksum for value in written}
    assert found == {f"{algorithm}:{digest.hex()}"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "names no object"),
        ([], "names no object"),
        (b'[{"key": "a"', "neither JSON"),
        ({"files": []}, "entries"),
        ([{"key": "a", "size": "big"}], r"\$\[0\]"),
        ([{"size": 5}], "neither key nor url"),
        (["a", "f/2013/a"], "names f/2013/a twice"),
        ([{"url": "s3://other/a"}], "s3://other/a, which is not in the bucket landing"),
        ([{"key": "a", "sha256": "abc"}], "sha256 of a is 'abc', expected 32 bytes"),
        (b"\xff\xfe\x00", "neither JSON"),
    ],
)
def test_a_manifest_that_can_t_be_understood_says_why(content: object, said: str) -> None:
    with pytest.raises(ManifestBroken, match=said):
        parsed(content)
