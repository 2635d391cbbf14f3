"""Questions about a whole column of text have the answers that its values give one by one."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from shared.files import texts

NUMBERS = st.text("0123456789+-. e/:", max_size=6)


@given(st.binary(max_size=8))
@example(b"\xed\xa0\x80")  # a surrogate
@example(b"\xc0\xaf")  # longer than it need be
@example(b"\xf4\x90\x80\x80")  # beyond Unicode
@example("Grüße 🎈".encode())
@example("ü".encode()[:1])
def test_bytes_are_utf8_where_python_can_decode_them(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        assert not texts.are_utf8(data)
    else:
        assert texts.are_utf8(data)


@given(st.lists(st.none() | NUMBERS), st.sampled_from([b"", b"-", b"-.", b"+-."]))
def test_a_column_is_of_digits_where_each_value_is(values: list[str | None], besides: bytes) -> None:
    allowed = re.compile(f"[0-9{re.escape(besides.decode())}]*")
    each = all(allowed.fullmatch(value) for value in values if value is not None)
    assert texts.are_digits(texts.of(*values), besides) == each


@given(st.lists(st.text("01289/:-", min_size=1, max_size=3), min_size=1))
def test_a_column_has_a_shape_where_all_values_look_alike(values: list[str]) -> None:
    shapes = {re.sub("[0-9]", "0", value) for value in values}
    assert texts.shape(texts.of(*values)) == (shapes.pop() if len(shapes) == 1 else None)
