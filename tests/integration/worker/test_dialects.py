"""A file as some systems really write it is imported whole, its bad records named by physical line."""

from shared.catalog import runs
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY, Place
from tests.support.imports import Importer

LINES = [
    b'Stock list "north',
    b"printed; daily",
    b"",
    b"Item No; Text ;qty",
    b"# all shops",
    b"1;'screw\r6 mm';5",  # takes two lines
    b"2;cable\\; red;\\N",
    b"x;nail;1",  # line 9
    b"",
    b"# second shop",
    b"3;'it\\'s'; 7",
    b"4;bolt",  # line 13
    b"5;a\nb;1",
    b"6;'\\N';2",
    b"7;'saw' x;2",  # line 16
    b'Total "3;',
    b"end",
]
DIALECT = {
    "delimiter": ";",
    "quoteChar": "'",
    "doubleQuote": False,
    "escapeChar": "\\",
    "lineTerminator": "\r",
    "headerRows": [4],
    "footerRows": 2,
    "commentChar": "#",
    "skipInitialSpace": True,
    "nullSequence": "\\N",
    "caseSensitiveHeader": False,
}
FIELDS = [
    {"name": "item", "type": "integer", "aliases": ["Item No"]},
    {"name": "text"},
    {"name": "qty", "type": "integer"},
]


async def test_an_ugly_file_is_read_by_its_dialect_and_each_reject_has_its_line(imports: Importer) -> None:
    await imports.apply(FIELDS, format={"dialect": DIALECT}, load={"onError": "CONTINUE", "maxErrors": 10})
    run = await imports.deliver(DAY, b"\r".join(LINES) + b"\r")
    await outcome.assert_published(imports, run)
    assert await outcome.quarantined(imports, run) == [
        Place(outcome.key(), 9, "item", "type_mismatch", b"x;nail;1"),
        Place(outcome.key(), 13, None, "field_count", b"4;bolt"),
        Place(outcome.key(), 14, None, "stray_line_feed", b"5;a\nb;1"),
        Place(outcome.key(), 16, None, "stray_quote", b"7;'saw' x;2"),
    ]
    assert (await outcome.readable(imports)).rows == [
        (1, "screw\r6 mm", 5),
        (2, "cable; red", None),
        (3, "it's", 7),
        (6, "N", 2),
    ]
    [item] = await outcome.counted(imports, run)
    assert (item.records_read, item.rows_loaded, item.rows_quarantined, item.blank_lines) == (8, 4, 4, 1)
    report = await runs.report(imports.db, run.id)
    assert report is not None
    assert report["read"][outcome.key()]["skippedLines"] == 7
