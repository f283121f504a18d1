"""What `make bench` puts together: parts that are measured in processes of their own come back as figures."""

from typing import Any

from tests.benchmarks.bench import run_apart


def test_figures_of_the_whole_way_come_back() -> None:
    """Twenty rows; that it was not run would have its reason."""
    figures: dict[str, Any] = {"not_run": {}}
    run_apart(figures, ("end_to_end", "sqlite", "rows_20"), "bench_end_to_end", "--rows", "20")
    assert figures["not_run"] == {}
    assert figures["end_to_end"]["sqlite"]["rows_20"]["rows"] == 20
    assert figures["end_to_end"]["sqlite"]["rows_20"]["peak_mb"] > 0
