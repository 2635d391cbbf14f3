"""Whatever the compression, all of the data come out, or an error that says what is wrong."""

import bz2
import gzip
import io
import lzma
import sys
import tracemalloc
import zipfile
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.dataset import Compression
from shared.errors import ArchiveCorrupt, ArchiveUnusable, DecompressionBomb, FileRefused, NotCompressed
from shared.files.compression import PIECE_BYTES, Decompressor

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"".join(b"%d,some name\n" % number for number in range(5_000))
CHECKSUM = int(zstd.CompressionParameter.checksum_flag)
SKIPPABLE = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, zip64: bool = False) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members:
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(data)
    return target.getvalue()


COMPRESS: dict[Compression, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "zstd": lambda data: zstd.compress(data, options={CHECKSUM: 1}),  # as zstd(1) does
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda data: zipped(("data.csv", data)),
}
STREAMS: Sequence[Compression] = ("gzip", "zstd", "bzip2", "xz")
PACKED: Sequence[Compression] = (*STREAMS, "zip")

streams = st.sampled_from(STREAMS)
packed = st.sampled_from(PACKED)
anything = st.sampled_from(list(COMPRESS))
contents = st.binary(max_size=200) | st.integers(0, 3_000).map(lambda count: TEXT[:count])
chunk_sizes = st.sampled_from([1, 2, 3, 7, 64, 4096, 1 << 22])


def decompressed(
    stored: bytes, compression: Compression = "auto", *, chunk: int = 1 << 20, member: str | None = None
) -> bytes:
    decompressor = Decompressor(compression, member=member)
    pieces = [
        piece for at in range(0, len(stored), chunk) for piece in decompressor.feed(stored[at : at + chunk])
    ]
    pieces += decompressor.finish()
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)
    return b"".join(pieces)


@given(st.lists(contents, min_size=1, max_size=4), streams, chunk_sizes, st.booleans())
def test_any_split_into_members_and_any_chunks_give_the_same_bytes(
    parts: list[bytes], compression: Compression, chunk: int, declared: bool
) -> None:
    stored = b"".join(COMPRESS[compression](part) for part in parts)
    assert decompressed(stored, compression if declared else "auto", chunk=chunk) == b"".join(parts)


@given(contents, anything, chunk_sizes)
def test_the_compression_is_found_from_the_content(data: bytes, compression: Compression, chunk: int) -> None:
    stored = COMPRESS[compression](data)
    assume(compression != "none" or not data.startswith((b"\x1f\x8b", b"PK")))
    decompressor = Decompressor("auto")
    for at in range(0, len(stored), chunk):
        list(decompressor.feed(stored[at : at + chunk]))
    list(decompressor.finish())
    assert decompressor.found == (compression if stored else None)


@given(st.lists(contents, min_size=1, max_size=3), packed, st.data(), chunk_sizes)
def test_data_that_are_cut_off_anywhere_are_refused(
    parts: list[bytes], compression: Compression, data: st.DataObject, chunk: int
) -> None:
    ends, stored = [0], b""
    for part in parts if compression != "zip" else parts[:1]:
        stored += COMPRESS[compression](part)
        ends.append(len(stored))
    cut = data.draw(st.integers(1, len(stored) - 1))
    assume(cut not in ends)
    with pytest.raises((ArchiveCorrupt, NotCompressed), match=r"cut off|starts with"):
        decompressed(stored[:cut], compression, chunk=chunk)


@given(packed, st.data(), chunk_sizes)
def test_damaged_bytes_never_come_out_as_other_data(
    compression: Compression, data: st.DataObject, chunk: int
) -> None:
    stored = bytearray(COMPRESS[compression](TEXT[:2_000]))
    at = data.draw(st.integers(0, len(stored) - 1))
    stored[at] ^= data.draw(st.integers(1, 255))
    try:
        found = decompressed(bytes(stored), compression, chunk=chunk)
    except FileRefused:
        return
    assert found == TEXT[:2_000]  # a time stamp, a name or a flag that nothing depends on


@pytest.mark.parametrize("chunk", [1, 1_000, 1 << 20])
@pytest.mark.parametrize("compression", PACKED)
def test_what_follows_the_data_is_refused(compression: Compression, chunk: int) -> None:
    stored = COMPRESS[compression](TEXT)
    for garbage in (b"garbage", b"\x28", stored[:3], b"\0\0\0\0garbage", b"BZh9"):
        with pytest.raises(ArchiveCorrupt, match=rf"{compression}.*(followed by|cut off)"):
            decompressed(stored + garbage, chunk=chunk)


def test_zeros_are_padding_where_the_format_has_them() -> None:
    for stored in (gzip.compress(TEXT), lzma.compress(TEXT)):
        assert decompressed(stored + b"\0" * 512) == TEXT
        assert decompressed(stored + b"\0" * 8 + stored, chunk=1) == TEXT * 2
    for stored, zeros in ((lzma.compress(TEXT), 6), (bz2.compress(TEXT), 4), (zstd.compress(TEXT), 4)):
        with pytest.raises(ArchiveCorrupt):
            decompressed(stored + b"\0" * zeros, chunk=1)


@pytest.mark.parametrize("chunk", [1, 1_000, 1 << 20])
def test_skippable_frames_of_zstd_are_skipped(chunk: int) -> None:
    half = zstd.compress(TEXT)
    stored = SKIPPABLE + half + SKIPPABLE + half + SKIPPABLE
    assert decompressed(stored, chunk=chunk) == TEXT * 2
    with pytest.raises(ArchiveCorrupt, match="cut off"):
        decompressed(stored[:-1], chunk=chunk)


@pytest.mark.parametrize("declared", COMPRESS)
@pytest.mark.parametrize("compression", COMPRESS)
def test_another_compression_than_the_declared_one_is_refused_and_named(
    compression: Compression, declared: Compression
) -> None:
    stored = COMPRESS[compression](TEXT)
    if declared == compression:
        assert decompressed(stored, declared) == TEXT
        return
    with pytest.raises(NotCompressed) as refused:
        decompressed(stored, declared, chunk=1)
    assert declared in refused.value.message
    assert compression == "none" or f"which is {compression}" in refused.value.message


@pytest.mark.parametrize("compression", PACKED)
def test_a_bomb_is_refused_with_bounded_memory(compression: Compression) -> None:
    bomb = COMPRESS[compression](bytes(200 << 20))
    tracemalloc.start()
    try:
        decompressor = Decompressor(compression)
        pieces = chain(decompressor.feed(bomb), decompressor.finish())
        with pytest.raises(DecompressionBomb, match="beyond 200 times the size"):
            deque(pieces, maxlen=0)
        assert decompressor.found == compression
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 100 << 20


def test_a_window_beyond_all_measure_is_refused() -> None:
    options = {
        int(zstd.CompressionParameter.window_log): 28,
        int(zstd.CompressionParameter.enable_long_distance_matching): 1,
    }
    compressor = zstd.ZstdCompressor(options=options)
    stored = compressor.compress(TEXT) + compressor.flush()
    with pytest.raises(DecompressionBomb, match="window of more than 128 MiB") as refused:
        decompressed(stored)
    assert "smaller window" in refused.value.hint
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}]
    with pytest.raises(DecompressionBomb, match="the xz data need a window"):
        decompressed(lzma.compress(TEXT, filters=filters))


def test_text_that_begins_like_a_compression_is_text() -> None:
    for text in (b"BZh9,name\n1,a\n", b"PK,name\n", b"P*M,x\n", b"BZ", b"P"):
        assert decompressed(text, chunk=1) == text


def test_the_one_member_of_an_archive_is_read_whatever_it_is_called() -> None:
    assert decompressed(zipped(("folder/", b""), ("folder/x.txt", TEXT))) == TEXT
    assert decompressed(zipped(("x.csv", TEXT), method=zipfile.ZIP_STORED), chunk=7) == TEXT
    assert decompressed(zipped(("x.csv", TEXT), zip64=True), chunk=7) == TEXT


def test_a_pattern_chooses_among_members() -> None:
    archive = zipped(("readme.txt", b"hi"), ("orders.csv", TEXT), ("__MACOSX/._orders.csv", b"x"))
    decompressor = Decompressor("auto", member="*.csv")
    assert b"".join([*decompressor.feed(archive), *decompressor.finish()]) == TEXT
    assert decompressor.member == "orders.csv"


@pytest.mark.parametrize(
    ("archive", "member", "message"),
    [
        (zipped(), None, "0 members of the archive, one expected"),
        (
            zipped(("a.csv", b"1"), ("b.csv", b"2")),
            None,
            "2 members of the archive, one expected: a.csv, b.csv",
        ),
        (zipped(("a.csv", b"1"), ("b.csv", b"2")), "*.csv", "2 members of the archive fit '*.csv'"),
        (zipped(("a.csv", b"1")), "*.txt", "no member of the archive fits '*.txt' (format.member): a.csv"),
        (zipped(("a.csv", TEXT), method=zipfile.ZIP_BZIP2), None, "compressed by method 12"),
    ],
)
def test_an_archive_without_one_readable_member_is_refused(
    archive: bytes, member: str | None, message: str
) -> None:
    with pytest.raises(ArchiveUnusable) as refused:
        decompressed(archive, member=member)
    assert message in refused.value.message


def test_an_encrypted_member_is_refused() -> None:
    archive = bytearray(zipped(("a.csv", TEXT)))
    archive[6] |= 1
    archive[archive.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ArchiveUnusable, match=r"a\.csv is encrypted"):
        decompressed(bytes(archive))


def test_an_archive_whose_directory_is_beyond_all_measure_is_refused_before_it_is_read() -> None:
    archive = bytearray(zipped(("a.csv", TEXT)))
    end = archive.rindex(b"PK\x05\x06")
    archive[end + 12 : end + 16] = (5 << 20).to_bytes(4, "little")
    with pytest.raises(ArchiveUnusable, match="directory is 5242880 bytes long"):
        decompressed(bytes(archive))


def test_an_archive_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    decompressor = Decompressor("auto")
    list(decompressor.feed(zipped(("a.csv", TEXT))))
    assert list(tmp_path.iterdir()) == []
