import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import markup

_numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
_values = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(_texts, _values, max_size=4))
def test_json_is_read_as_it_was_written(value: dict[str, object]) -> None:
    read = markup.read(json.dumps(value))
    assert (read.value, read.mistakes) == (value, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("off", "off"),
        ("2013-01-01", "2013-01-01"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0 6 * * *", "0 6 * * *"),
        (".inf", ".inf"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("-1.5e3", -1500.0),
        ("'7'", "7"),
        ("!!str 7", "7"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    read = markup.read(f"key: {text}\n")
    assert (read.value, read.mistakes) == ({"key": value}, [])


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a: 1\na: 2\n", "a: stands twice in one mapping, again in line 2"),
        ("a:\n  - b: 1\n    b: 2\n", "a[0].b: stands twice in one mapping, again in line 3"),
        ('{"a": 1, "a": 2}', "document: the key `a` stands twice in one mapping"),
        ("a: [1\nb: 2\n", "document: line 2, column 2: not YAML: expected ',' or ']', but got ':'"),
        ('{"a": 1,}', "document: line 1, column 9: not JSON: "),
        ('{"a": NaN}', "document: NaN is not JSON"),
        ('{"a": ' + "9" * 5000 + "}", "document: Exceeds the limit"),
        (
            "a: !!python/name:os.system x",
            "a: the tag tag:yaml.org,2002:python/name:os.system means nothing here",
        ),
        ("a: !!int x", "a: 'x' found, a value of the tag tag:yaml.org,2002:int expected"),
        ("? [a]\n: 1\n", "document: a list or mapping found as a key, text expected"),
        ("a: 1\n--- \nb: 2\n", "document: line 2, column 1: not YAML: but found another document"),
        ("a: &x [*x]", "document: nested too deeply"),
        ("a: \0", "document: not YAML: unacceptable character"),
        ('{"a": ["\\u0000"]}', "a[0]: holds NUL or half a surrogate pair"),
        ('{"a": "\\ud800"}', "a: holds NUL or half a surrogate pair"),
        ("a: 9223372036854775808", "a: 9223372036854775808 is beyond 64 bits; write it in quotes"),
        ("a: 1e999", "a: inf found, a finite number expected"),
        ("[" * 5000, "document: nested too deeply"),
        ('{"a":' * 100_000, "document: nested too deeply"),
        ("a" * 1_000_001, "document: 1000001 characters found, at most 1000000 expected"),
    ],
)
def test_what_can_not_be_read_is_a_mistake_with_its_path(text: str, mistake: str) -> None:
    (found,) = markup.read(text).mistakes
    assert f"{markup.spell(found.path)}: {found.text}".startswith(mistake)


def test_bytes_that_are_not_utf_8_are_a_mistake() -> None:
    assert [found.text for found in markup.read(b"a: \xff").mistakes] == ["byte 3 is not UTF-8"]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert markup.read(b"\xef\xbb\xbfa: 1").value == {"a": 1}


def test_aliases_can_not_multiply_without_bound() -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert [found.text for found in markup.read("\n".join(layers)).mistakes] == ["more than 100000 values"]


def test_places_are_the_lines_of_keys_and_items() -> None:
    places = markup.read("a:\n  b: 1\n  c:\n    - x\n    - y\n").places
    assert places[("a", "b")] == "line 2"
    assert places[("a", "c", 1)] == "line 5"
