from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from shared.domain import volume
from shared.domain.volume import Baseline, PastVersion

COUNTS = st.lists(st.integers(0, 10**9), min_size=4, max_size=40)


def _history(*counts: int) -> list[PastVersion]:
    return [PastVersion(number=number, rows=rows) for number, rows in enumerate(counts, start=1)]


def test_a_change_is_told_in_rows_or_per_cent_of_the_baseline() -> None:
    baseline = Baseline(rows=200, words="")
    assert volume.change(150, baseline, "rows") == -50
    assert volume.change(150, baseline, "percent") == -25
    assert volume.change(0, Baseline(rows=0, words=""), "percent") == 0
    assert volume.change(1, Baseline(rows=0, words=""), "percent") == float("inf")


def test_a_baseline_says_what_it_is() -> None:
    assert volume.median_of([]) is None
    assert volume.median_of(_history(5)) == Baseline(rows=5, words="a median of 5 rows in the last version")
    assert volume.median_of(_history(1, 9, 2)) == Baseline(
        rows=2, words="a median of 2 rows in the last 3 versions"
    )
    assert volume.of_live(None) is None
    assert volume.of_live(PastVersion(number=7, rows=900)) == Baseline(
        rows=900, words="the 900 rows of version 7"
    )


def test_an_anomaly_needs_some_versions_to_compare_with() -> None:
    assert volume.anomaly(10, _history(1, 2, 3)) is None
    assert volume.anomaly(10, _history(1, 2, 3, 4)) is not None


def test_a_broken_version_in_the_history_hides_no_other() -> None:
    usual = _history(1000, 1010, 990, 1005, 995, 0, 50_000)
    found = volume.anomaly(500, usual)
    assert found is not None
    assert found > 20
    found = volume.anomaly(1012, usual)
    assert found is not None
    assert found < 2


def test_a_history_that_never_varies_tolerates_a_few_rows() -> None:
    found = volume.anomaly(1005, _history(1000, 1000, 1000, 1000))
    assert found == 0.5


@given(COUNTS, st.integers(0, 10**9), st.integers(1, 10**9))
def test_an_anomaly_grows_with_the_distance_from_the_median(counts: list[int], near: int, more: int) -> None:
    history, middle = _history(*counts), median(counts)
    closer = volume.anomaly(int(middle) + near, history)
    further = volume.anomaly(int(middle) + near + more, history)
    assert closer is not None
    assert further is not None
    assert 0 <= closer < further or (near == 0 and closer <= further)


@given(COUNTS, st.permutations(range(4)), st.integers(0, 10**9))
def test_the_order_of_versions_does_not_matter(counts: list[int], order: list[int], rows: int) -> None:
    shuffled = [counts[place] for place in order] + counts[4:]
    assert volume.anomaly(rows, _history(*counts)) == volume.anomaly(rows, _history(*shuffled))


@given(COUNTS, st.integers(0, 10**9))
def test_fewer_than_half_of_the_versions_cannot_move_the_median_beyond_the_others(
    counts: list[int], wild: int
) -> None:
    spoilt = counts + [wild] * ((len(counts) - 1) // 2)
    baseline = volume.median_of(_history(*spoilt))
    assert baseline is not None
    assert min(counts) <= baseline.rows <= max(counts)
