"""Text comes out as UTF-8 whatever its encoding, and bad bytes cost their record and no other."""

import codecs

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import document, encodings
from shared.domain.dataset import Format
from shared.domain.report import RejectCode
from shared.errors import DatasetInvalid, EncodingBroken
from shared.files.encoding import SAMPLE_BYTES, Transcoder
from tests.support.datasets import dataset
from tests.unit.files.reading import read

HEADER = "id,name\n"
NAMES = sorted(
    {name for label in encodings._labels() if (name := encodings.canonical(label))} - {"utf-16", "utf-32"}
)
CHUNKS = [1, 2, 3, 7, 1 << 20]


def transcoded(data: bytes, *, chunk: int = 1 << 20, **keys: str) -> tuple[bytes, str | None]:
    transcoder = Transcoder(Format(**keys))  # type: ignore[arg-type]
    pieces = [p for at in range(0, len(data), chunk) for p in transcoder.feed(data[at : at + chunk])]
    return b"".join([*pieces, *transcoder.finish()]), transcoder.found


@given(st.sampled_from(NAMES), st.binary(max_size=60), st.integers(1, 9))
def test_any_chunks_of_any_bytes_give_the_same_text(name: str, data: bytes, chunk: int) -> None:
    try:
        whole = transcoded(data, encoding=name)
    except EncodingBroken:
        with pytest.raises(EncodingBroken):
            transcoded(data, encoding=name, chunk=chunk)
        return
    assert transcoded(data, encoding=name, chunk=chunk) == whole


@given(st.sampled_from(NAMES), st.text(st.characters(codec="utf-8"), max_size=30), st.integers(1, 9))
def test_what_a_codec_writes_is_read_back(name: str, text: str, chunk: int) -> None:
    try:
        data = text.encode(name)
        expected = data.decode(name)
    except UnicodeError:
        return
    marks = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
    if not data.startswith(marks):
        assert transcoded(data, encoding=name, chunk=chunk) == (
            expected.removeprefix("\ufeff").encode(),
            name,
        )


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    ("encoding", "family"),
    [
        ("utf-8", "utf-8"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("utf-32-le", "utf-32"),
        ("utf-32-be", "utf-32"),
    ],
)
def test_a_byte_order_mark_decides_and_is_dropped(encoding: str, family: str, chunk: int) -> None:
    data = ("\ufeff" + HEADER + "1,Ä€😀\n").encode(encoding)
    for declared in (family, "auto"):
        expected = (HEADER + "1,Ä€😀\n").encode(), encoding
        assert transcoded(data, encoding=declared, chunk=chunk) == expected


def test_a_mark_decides_also_against_the_declared_byte_order() -> None:
    assert transcoded("\ufeffa".encode("utf-16-be"), encoding="utf-16-le") == (b"a", "utf-16-be")


@pytest.mark.parametrize(
    ("declared", "data"),
    [
        ("utf-8", "\ufeffa,b".encode("utf-16-le")),
        ("latin-1", "\ufeffa,b".encode()),
        ("utf-16", b"\xef\xbb\xbfab"),
    ],
)
def test_a_mark_of_another_encoding_is_refused(declared: str, data: bytes) -> None:
    with pytest.raises(EncodingBroken, match="byte order mark of utf-") as refused:
        transcoded(data, encoding=declared, chunk=1)
    assert "Set format.encoding to utf-" in refused.value.hint


def test_utf_8_is_handed_on_without_a_copy() -> None:
    piece = "Zürich\n".encode() * 100
    assert next(Transcoder(Format()).feed(piece)) is piece


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    ("encoding", "bad", "shown"),
    [
        ("utf-8", b"2,x\xffy", b"2,x\xffy"),
        ("windows-1252", b"2,x\x81y", b"2,x\x81y"),
        ("shift_jis", b"2,x\x81", b"2,x\x81"),
        ("utf-16-le", "2,x".encode("utf-16-le") + b"\x00\xd8" + "y".encode("utf-16-le"), b"2,x\x00\xd8y"),
        ("utf-16-be", "2,x".encode("utf-16-be") + b"\xdc\x41" + "y".encode("utf-16-be"), b"2,x\xdcAy"),
    ],
)
def test_bad_bytes_cost_their_record_and_no_other(
    encoding: str, bad: bytes, shown: bytes, chunk: int
) -> None:
    data = (HEADER + "1,é\n").encode(encoding, "replace") + bad + "\n3,c\n".encode(encoding)
    found = read(
        *(data[at : at + chunk] for at in range(0, len(data), chunk)),
        of=dataset(format={"encoding": encoding}),
    )
    assert [row["id"] for row in found.rows] == [1, 3]
    (reject,) = found.rejects
    assert (reject.code, reject.line) == (RejectCode.INVALID_BYTES, 3)
    assert reject.raw == shown
    name = "UTF-8" if encoding == "utf-8" else encodings.canonical(encoding)
    assert reject.message == f"has bytes that are not {name}"


def test_a_text_that_is_cut_off_in_a_character_costs_its_last_record() -> None:
    data = (HEADER + "1,a\n2,b").encode("utf-16-le")[:-1]
    found = read(data, of=dataset(format={"encoding": "utf-16-le"}))
    assert [row["id"] for row in found.rows] == [1]
    assert [reject.code for reject in found.rejects] == [RejectCode.INVALID_BYTES]


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(("encoding", "bad"), [("utf-8", b"\xff"), ("windows-1252", b"\x81")])
def test_bad_bytes_are_replaced_where_the_contract_says_so(encoding: str, bad: bytes, chunk: int) -> None:
    data = HEADER.encode() + b"1,a" + bad + b"b\n2,c\n"
    of = dataset(format={"encoding": encoding, "onInvalidBytes": "replace"})
    found = read(*(data[at : at + chunk] for at in range(0, len(data), chunk)), of=of)
    assert [row["name"] for row in found.rows] == ["a\ufffdb", "c"]
    assert not found.rejects


def test_bad_bytes_fail_the_import_where_the_contract_says_so() -> None:
    of = dataset(format={"encoding": "windows-1252", "onInvalidBytes": "fail"})
    with pytest.raises(EncodingBroken, match="the record has bytes that are not cp1252") as refused:
        read(HEADER.encode() + b"1,a\nx,b\n3,\x81\n", of=of)
    assert refused.value.line == 4


def test_nul_is_rejected_stripped_or_fails_as_the_contract_says() -> None:
    for encoding in ("utf-8", "utf-16-le"):
        data = (HEADER + "1,a\0b\n2,c\n").encode(encoding)
        kept = read(data, of=dataset(format={"encoding": encoding}))
        assert [reject.code for reject in kept.rejects] == [RejectCode.NUL_BYTE]
        stripped = read(data, of=dataset(format={"encoding": encoding, "onNulByte": "strip"}))
        assert [row["name"] for row in stripped.rows] == ["ab", "c"]
        assert not stripped.rejects
        with pytest.raises(EncodingBroken, match="NUL byte") as refused:
            read(data, of=dataset(format={"encoding": encoding, "onNulByte": "fail"}))
        assert refused.value.line == 2


GERMAN = HEADER + "1,Müller aus Zürich\n2,Grüße vom Bäcker\n3,Straße nach Österreich\n"
RUSSIAN = HEADER + "1,Москва\n2,Улица Ленина\n3,Привет мир\n"


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (HEADER + "1,a\n", "ascii", "utf-8"),
        (GERMAN, "utf-8", "utf-8"),
        (GERMAN, "latin-1", "cp1252"),
        (GERMAN.replace("Zürich", "Zürich für 5 €"), "windows-1252", "cp1252"),
        (RUSSIAN, "windows-1251", "cp1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (GERMAN, "utf-16-le", "utf-16-le"),
        (GERMAN, "utf-16-be", "utf-16-be"),
        (GERMAN, "utf-32-le", "utf-32-le"),
        (GERMAN, "utf-32-be", "utf-32-be"),
        ("", "ascii", "utf-8"),
    ],
)
def test_auto_finds_the_encoding(text: str, encoding: str, found: str, chunk: int) -> None:
    assert transcoded(text.encode(encoding), encoding="auto", chunk=chunk) == (text.encode(), found)


def test_auto_looks_at_the_same_bytes_whatever_the_chunks() -> None:
    data = (HEADER.encode() * (SAMPLE_BYTES // len(HEADER) + 1)) + "é\n".encode("latin-1") * 100
    outcomes = {transcoded(data, encoding="auto", chunk=chunk) for chunk in (999, 1 << 16, 1 << 22)}
    assert len(outcomes) == 1
    ((_, found),) = outcomes
    assert found == "utf-8"  # what follows is judged record by record


def test_auto_refuses_to_guess_from_too_little() -> None:
    with pytest.raises(EncodingBroken, match="its encoding can't be told"):
        transcoded((HEADER + "1,Zoë Åström\n").encode("latin-1") * 2, encoding="auto")


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("latin1", "iso8859-1"),
        ("ISO-8859-15", "iso8859-15"),
        ("windows-1252", "cp1252"),
        ("x-cp1252", "cp1252"),
        ("x-sjis", "cp932"),
        ("UTF8", "utf-8"),
        ("utf_16_le", "utf-16-le"),
        ("unicode-1-1-utf-8", "utf-8"),
        ("base64", None),
        ("rot13", None),
        ("idna", None),
        ("undefined", None),
        ("charmap", None),
        ("unicode_escape", None),
        ("latin-l", None),
    ],
)
def test_labels_of_python_and_of_the_whatwg_are_known_and_nothing_that_is_no_text(
    label: str, codec: str | None
) -> None:
    assert encodings.canonical(label) == codec


def test_an_unknown_label_is_refused_with_the_closest_known_one() -> None:
    text = document.dump(dataset())
    text["format"] = {"encoding": "windows1252"}
    with pytest.raises(DatasetInvalid) as refused:
        document.parse(msgspec.json.encode(text))
    (problem,) = refused.value.problems
    assert "did you mean `windows-1252`?" in problem
