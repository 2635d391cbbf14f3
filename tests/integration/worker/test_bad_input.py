"""What becomes of a bad file: every row of the table in docs/reference/errors.md, from bucket to readers."""

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from shared.catalog import runs
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.support.imports import Importer

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "name", "type": "string"},
    {"name": "amount", "type": "number", "physicalType": "numeric(9,2)"},
]
HEADER = b"id,name,amount\n"
GOOD = HEADER + b"1,one,1.5\n2,two,2.5\n"


def archive(*names: str) -> bytes:
    """A zip archive in which each member is the same file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name in names:
            written.writestr(name, GOOD)
    return target.getvalue()


ZIPPED = gzip.compress(GOOD, mtime=0)
GZIP = {"format": {"compression": "gzip"}}
LONG = b"a" * (1 << 20)
BOMB = gzip.compress(HEADER + b"".join(b"%d,%b,1\n" % (number, LONG) for number in range(66)), 1, mtime=0)


def match(rule: str) -> dict[str, Any]:
    return {"schema": {"fields": FIELDS, "fieldsMatch": rule}}


class Refused(NamedTuple):
    body: bytes
    code: str
    says: tuple[str, ...]
    contract: Mapping[str, Any] = MappingProxyType({})


REFUSED = {
    "header missing": Refused(
        b"1,one,1.5\n2,two,2.5\n", "header_broken", (" line 1", "header missing", "'id'")
    ),
    "duplicate column": Refused(
        b"id,name,name,amount\n1,one,uno,1\n", "header_broken", ("'name' occurs 2 times",)
    ),
    "duplicate column where others are allowed": Refused(
        b"id,name,amount,id\n1,one,1,2\n", "header_broken", ("'id' occurs 2 times",), match("subset")
    ),
    "renamed column": Refused(
        b"id,nmae,amount\n1,one,1\n",
        "header_broken",
        ("'nmae' is not in the contract (closest: 'name')", "'name' is missing (closest: 'nmae')"),
    ),
    "column in other case": Refused(
        b"ID,name,amount\n1,one,1\n", "header_broken", ("'id' is missing", "'ID'")
    ),
    "missing column": Refused(b"id,name\n1,one\n", "header_broken", ("'amount' is missing",)),
    "unknown column": Refused(
        b"id,name,amount,more\n1,one,1,x\n", "header_broken", ("'more' is not in the contract",)
    ),
    "unknown column where fields may be missing": Refused(
        b"id,name,more\n1,one,x\n", "header_broken", ("'more' is not in the contract",), match("superset")
    ),
    "missing column where others are allowed": Refused(
        b"id,name,more\n1,one,x\n", "header_broken", ("'amount' is missing",), match("subset")
    ),
    "required column missing": Refused(
        b"name,amount\none,1\n", "header_broken", ("'id' is missing and required",), match("superset")
    ),
    "no column known": Refused(
        b"a;b;c\n1;one;1\n", "header_broken", ("the delimiter another one?",), match("partial")
    ),
    "reordered columns": Refused(
        b"name,id,amount\none,1,1\n", "header_broken", ("column 1 is 'name', 'id' expected there",)
    ),
    "header not UTF-8": Refused(b"id,n\xe4me,amount\n1,a,1\n", "header_broken", ("not UTF-8",)),
    "header with NUL": Refused(b"id,na\0me,amount\n1,a,1\n", "header_broken", ("NUL",)),
    "header with a stray quote": Refused(
        b'id,na"me,amount\n1,a,1\n', "header_broken", ("stray quote", " line 1")
    ),
    "lines that end in CR": Refused(b"id,name,amount\r1,one,1\r", "header_broken", ("carriage return",)),
    "gzip read as text": Refused(
        ZIPPED, "not_compressed", ("which is gzip",), {"format": {"compression": "none"}}
    ),
    "UTF-16": Refused(
        GOOD.decode().encode("utf-16"), "encoding_broken", ("byte order mark of utf-16-le", "says utf-8")
    ),
    "unterminated quote": Refused(
        GOOD + b'3,"three,3\n4,four,4\n', "quote_unterminated", (" line 4", "never closed")
    ),
    "unterminated quote behind a quoted line end": Refused(
        HEADER + b'1,"o\nne",1\n\n3,"three,3\n', "quote_unterminated", (" line 5",)
    ),
    "unterminated quote in the header": Refused(
        b'id,"name,amount\n1,a,1\n', "quote_unterminated", (" line 1",)
    ),
    "record too long": Refused(
        GOOD + b"3," + b"x" * 2000 + b",3\n",
        "record_too_long",
        (" line 4", "1024 bytes", "limits.maxRowBytes"),
        {"limits": {"maxRowBytes": "1KiB"}},
    ),
    "quote that is closed too late": Refused(
        GOOD + b'3,"' + b"x" * 2000 + b'\n",3\n',
        "quote_unterminated",
        (" line 4",),
        {"limits": {"maxRowBytes": "1KiB"}},
    ),
    "file too large": Refused(
        GOOD,
        "file_too_large",
        ("35 bytes", "34B", "limits.maxFileBytes"),
        {"limits": {"maxFileBytes": "34B", "maxRowBytes": "34B"}},
    ),
    "zip cut off": Refused(b"PK\x03\x04\x14\0\0\0\x08\0" + GOOD, "archive_corrupt", ("cut off",)),
    "zip of two": Refused(archive("a.csv", "b.csv"), "archive_unusable", ("2 members", "a.csv, b.csv")),
    "noise": Refused(random.Random(7).randbytes(300_000), "header_broken", (" line 1",)),
    "web page": Refused(b"<!DOCTYPE html>\n<p>Not found</p>\n", "header_broken", ("header missing",)),
    "empty file": Refused(b"", "file_empty", ("holds nothing",)),
    "blank lines only": Refused(b"\n\r\n\n", "file_empty", ("holds nothing",)),
    "byte order mark only": Refused(b"\xef\xbb\xbf", "file_empty", ("holds nothing",)),
    "empty file without a header": Refused(b"", "file_empty", (), {"format": {"dialect": {"header": False}}}),
    "empty text in gzip": Refused(gzip.compress(b""), "file_empty", ("holds nothing",)),
    "empty file where gzip is demanded": Refused(b"", "file_empty", (), GZIP),
    "truncated gzip": Refused(ZIPPED[:-12], "archive_corrupt", ("cut off",)),
    "gzip without its last byte": Refused(ZIPPED[:-1], "archive_corrupt", ("cut off",)),
    "gzip header alone": Refused(ZIPPED[:10], "archive_corrupt", ("cut off",)),
    "second member cut off": Refused(ZIPPED + ZIPPED[:-9], "archive_corrupt", ("cut off",)),
    "trailing garbage": Refused(
        ZIPPED + b"garbage", "archive_corrupt", ("followed by something else", "67 61 72 62")
    ),
    "one byte of trailing garbage": Refused(
        ZIPPED + b"x", "archive_corrupt", ("followed by something else",)
    ),
    "damaged gzip": Refused(ZIPPED[:20] + b"\xff\xff" + ZIPPED[22:], "archive_corrupt", ("damaged",)),
    "gzip with a wrong checksum": Refused(
        ZIPPED[:-8] + b"\0\0\0\0" + ZIPPED[-4:], "archive_corrupt", ("damaged",)
    ),
    "gzip bomb": Refused(BOMB, "decompression_bomb", ("200 times",)),
    "not gzip": Refused(GOOD, "not_compressed", ("69 64 2c 6e", "1f 8b"), GZIP),
    "one byte where gzip is demanded": Refused(b"i", "not_compressed", ("69",), GZIP),
}


@pytest.fixture(scope="module")
async def published(table: Importer) -> Importer:
    """An importer with a live version that no bad file may touch."""
    await table.apply(FIELDS)
    await outcome.assert_published(table, await table.deliver(DAY, GOOD))
    return table


@pytest.mark.parametrize("name", REFUSED)
async def test_a_file_that_cant_be_trusted_is_refused_and_readers_keep_what_they_have(
    published: Importer, name: str
) -> None:
    case = REFUSED[name]
    before = await outcome.readable(published)
    await published.apply(FIELDS, **case.contract)
    run = await published.deliver(DAY, case.body)
    await outcome.assert_failed(published, run, case.code, outcome.key(), *case.says)
    assert await outcome.readable(published) == before
    assert await outcome.quarantined(published, run) == []


ONE, TWO = (1, "one", 1.5), (2, "two", 2.5)


class Loaded(NamedTuple):
    body: bytes
    rows: list[tuple[Any, ...]]
    blank_lines: int = 0
    contract: Mapping[str, Any] = MappingProxyType({})


LOADED = {
    "byte order mark": Loaded(b"\xef\xbb\xbf" + GOOD, [ONE, TWO]),
    "byte order mark in gzip": Loaded(gzip.compress(b"\xef\xbb\xbf" + GOOD), [ONE, TWO]),
    "byte order mark before a quoted header": Loaded(b'\xef\xbb\xbf"id","name","amount"\n1,one,1.5\n', [ONE]),
    "CRLF": Loaded(GOOD.replace(b"\n", b"\r\n"), [ONE, TWO]),
    "CRLF and LF": Loaded(b"id,name,amount\r\n1,one,1.5\n2,two,2.5\r\n", [ONE, TWO]),
    "no line end after the last record": Loaded(GOOD[:-1], [ONE, TWO]),
    "no line end after a quoted field": Loaded(HEADER + b'1,one,"1.5"', [ONE]),
    "header only": Loaded(HEADER, []),
    "header only, without a line end": Loaded(HEADER[:-1], []),
    "blank lines": Loaded(b"\n" + HEADER + b"\n1,one,1.5\n\r\n\n2,two,2.5\n\n", [ONE, TWO], 4),
    "quoted line ends": Loaded(HEADER + b'1,"o\nn\r\ne",1\n2,"\n",2\n', [(1, "o\nn\r\ne", 1), (2, "\n", 2)]),
    "quoted blank line": Loaded(HEADER + b'1,"a\n\nb",1\n', [(1, "a\n\nb", 1)]),
    "quoted quotes and delimiters": Loaded(
        HEADER + b'1,"say ""a,b""",1\n2,"""",2\n3,"""""",3\n',
        [(1, 'say "a,b"', 1), (2, '"', 2), (3, '""', 3)],
    ),
    "end of COPY's text format": Loaded(HEADER + b"1,\\.,1.5\n2,two,2.5\n", [(1, "\\.", 1.5), TWO]),
    "backslashes and COPY's NULL": Loaded(HEADER + b"1,\\N,1\n2,\\,2\n", [(1, "\\N", 1), (2, "\\", 2)]),
    "blanks around a value": Loaded(HEADER + b"1,  one ,1\n", [(1, "  one ", 1)]),
    "gzip": Loaded(ZIPPED, [ONE, TWO], 0, GZIP),
    "gzip under a plain name": Loaded(ZIPPED, [ONE, TWO]),
    "bzip2": Loaded(bz2.compress(GOOD), [ONE, TWO]),
    "xz": Loaded(lzma.compress(GOOD), [ONE, TWO]),
    "zip": Loaded(archive("a.csv"), [ONE, TWO]),
    "zip of several, one of them chosen": Loaded(
        archive("a.csv", "b.txt"), [ONE, TWO], 0, {"format": {"member": "*.csv"}}
    ),
    "gzip of several members": Loaded(
        gzip.compress(HEADER + b"1,on") + gzip.compress(b"") + gzip.compress(b"e,1.5\n2,two,2.5\n"),
        [ONE, TWO],
    ),
    "gzip padded with zeros": Loaded(ZIPPED + b"\0" * 500, [ONE, TWO]),
    "reordered columns": Loaded(b"amount,id,name\n1.5,1,one\n", [ONE], 0, match("equal")),
    "unknown columns": Loaded(b"x,amount,y,id,name\nx,1.5,y,1,one\n", [ONE], 0, match("subset")),
    "missing columns": Loaded(b"amount,id\n1.5,1\n", [(1, None, 1.5)], 0, match("superset")),
    "missing and unknown columns": Loaded(b"more,id\nx,1\n", [(1, None, None)], 0, match("partial")),
    "no header": Loaded(b"1,one,1.5\n2,two,2.5\n", [ONE, TWO], 0, {"format": {"dialect": {"header": False}}}),
    "tabs": Loaded(b"id\tname\tamount\n1\tone\t1.5\n", [ONE], 0, {"format": {"type": "tsv"}}),
    "another dialect": Loaded(
        b"id;name;amount\n1;'o;''ne';1.5\n2;\"two\";2.5\n",
        [(1, "o;'ne", 1.5), (2, '"two"', 2.5)],
        0,
        {"format": {"dialect": {"delimiter": ";", "quoteChar": "'"}}},
    ),
}


@pytest.mark.parametrize("name", LOADED)
async def test_what_only_looks_odd_is_loaded_exactly(published: Importer, name: str) -> None:
    case = LOADED[name]
    await published.apply(FIELDS, **case.contract)
    run = await published.deliver(DAY, case.body)
    await outcome.assert_published(published, run)
    assert (await outcome.readable(published)).rows == case.rows
    [item] = await outcome.counted(published, run)
    assert (item.records_read, item.rows_loaded, item.rows_quarantined) == (len(case.rows), len(case.rows), 0)
    assert item.blank_lines == case.blank_lines


@pytest.mark.parametrize("only", [b"\\.", b"NULL", b"one"])
async def test_a_file_of_one_column_may_hold_any_word(table: Importer, only: bytes) -> None:
    await table.apply([{"name": "word", "type": "string"}])
    run = await table.deliver(DAY, b"word\nfirst\n" + only + b'\n"' + only + b'"\nlast\n')
    await outcome.assert_published(table, run)
    word = only.decode()
    assert (await outcome.readable(table)).rows == [("first",), (word,), (word,), ("last",)]


async def test_a_plain_file_under_the_name_of_a_gzip_file_is_read_as_what_it_is(imports: Importer) -> None:
    await imports.apply(FIELDS)
    run = await imports.deliver(DAY, GOOD, name="data.csv.gz")
    await outcome.assert_published(imports, run)
    assert (await outcome.readable(imports)).rows == [ONE, TWO]


async def test_every_object_of_a_delivery_has_its_header_and_its_own_counts(imports: Importer) -> None:
    await imports.apply(FIELDS)
    files = {"a.csv": GOOD, "b.csv": HEADER, "c.csv.gz": gzip.compress(HEADER + b"\n3,three,3\n")}
    run = await imports.deliver_files(DAY, files)
    await outcome.assert_published(imports, run)
    assert (await outcome.readable(imports)).rows == [ONE, TWO, (3, "three", 3)]
    counted = await outcome.counted(imports, run)
    assert [(c.key, c.records_read, c.rows_loaded, c.blank_lines) for c in counted] == [
        (outcome.key("a.csv"), 2, 2, 0),
        (outcome.key("b.csv"), 0, 0, 0),
        (outcome.key("c.csv.gz"), 1, 1, 1),
    ]


async def test_how_each_object_was_read_stands_in_the_report(imports: Importer) -> None:
    await imports.apply(FIELDS, format={"encoding": "auto"})
    german = "id,name,amount\n3,Grüße aus Zürich,3\n4,Straße nach Österreich,4\n".encode("latin-1")
    files = {"a.csv": GOOD, "b.csv": gzip.compress(german), "c.csv": archive("inner.csv")}
    run = await imports.deliver_files(DAY, files)
    await outcome.assert_published(imports, run)
    report = await runs.report(imports.db, run.id)
    assert report is not None
    assert report["read"] == {
        outcome.key("a.csv"): {"compression": "none", "encoding": "utf-8"},
        outcome.key("b.csv"): {"compression": "gzip", "encoding": "cp1252"},
        outcome.key("c.csv"): {"compression": "zip", "member": "inner.csv", "encoding": "utf-8"},
    }


async def test_one_empty_object_refuses_the_whole_delivery_by_name(imports: Importer) -> None:
    await imports.apply(FIELDS)
    await imports.deliver(DAY, GOOD)
    before = await outcome.readable(imports)
    run = await imports.deliver_files(DAY, {"a.csv": GOOD, "b.csv": b"", "c.csv": GOOD})
    await outcome.assert_failed(imports, run, "file_empty", outcome.key("b.csv"))
    assert await outcome.readable(imports) == before


async def test_objects_whose_columns_stand_in_different_orders_are_each_read_by_name(
    imports: Importer,
) -> None:
    await imports.apply(FIELDS, **match("equal"))
    files = {"a.csv": GOOD, "b.csv": b"amount,name,id\n3.5,three,3\n"}
    run = await imports.deliver_files(DAY, files)
    await outcome.assert_published(imports, run)
    assert (await outcome.readable(imports)).rows == [ONE, TWO, (3, "three", 3.5)]
