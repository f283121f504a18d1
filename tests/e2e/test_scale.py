"""A workbook of a four hundred rows, the whole way; `bench_scale` does the same with a hundred thousand, and
tells how long and how large.
"""

from tests.benchmarks.bench_scale import measure


def test_a_large_workbook_comes_out_as_expected_and_again_issues_nothing() -> None:
    """Outcomes as the case maker says; results, returned workbook and archive agree; sent again, everything
    is `existing`.
    """
    figures = measure(400)
    assert figures["counts"]["rows"] == 400
    assert figures["again"]["existing"] == figures["counts"]["issued"] > 400
