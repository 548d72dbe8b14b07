"""Verdicts of the benchmark: strictly by the medians, and none without good figures."""

import pytest
from bench.figures import BARE, ONE, TWO, Figures, Row, Verdict, times
from bench.load import Load

SPEED = "list_charts, p50, 1 caller"


def figures(row: Row, **values: list[float]) -> Figures:
    made = Figures()
    made.declare([row])
    for server, found in values.items():
        for value in found:
            made.add(row.question, server.replace("_", " "), value)
    return made


def load(*, wrong: int = 0, share: float = 0.01) -> Load:
    return Load(100, wrong, "200 Error", 1.0, (1.0,), share)


@pytest.mark.parametrize(("ours", "verdict"), [(10.0, Verdict.MET), (10.001, Verdict.MISSED)])
def test_a_ratio_is_not_rounded(ours, verdict):
    row = Row(SPEED, "ms", judged=(ONE,), ratio=4)
    figures(row, bare=[40.0], one_process=[ours])

    assert row.verdict() is verdict


def test_the_median_of_the_rounds_counts_and_not_the_best():
    row = Row("beside", "ms", judged=(ONE,), limit=20)
    figures(row, one_process=[1.0, 21.0, 30.0])

    assert row.verdict() is Verdict.MISSED


def test_more_calls_a_second_are_better():
    row = Row("calls", "calls/s", judged=(TWO,), ratio=8)
    figures(row, bare=[30.0], two_workers=[300.0])

    assert row.times_better(TWO) == 10
    assert row.verdict() is Verdict.MET


def test_each_judged_server_has_to_meet_its_target():
    row = Row("beside", "ms", judged=(ONE, TWO), limit=20)
    figures(row, one_process=[5.0], two_workers=[25.0])

    assert row.verdict() is Verdict.MISSED


def test_a_row_without_a_figure_of_a_judged_server_is_void():
    row = Row("beside", "ms", judged=(ONE, TWO), limit=20)
    figures(row, one_process=[5.0])

    assert row.verdict() is Verdict.VOID


@pytest.mark.parametrize("server", [BARE, ONE])
@pytest.mark.parametrize("bad", [load(wrong=1), load(share=0.21)])
def test_wrong_answers_and_a_busy_client_make_a_ratio_void(server, bad):
    row = Row(SPEED, "ms", judged=(ONE,), ratio=4)
    made = figures(row, bare=[40.0], one_process=[4.0])
    assert row.verdict() is Verdict.MET

    made.check(SPEED, server, bad)

    assert row.verdict() is Verdict.VOID
    assert row.reasons()


def test_a_row_without_a_target_has_no_verdict():
    row = Row("memory", "MB")
    figures(row, one_process=[5.0])

    assert row.verdict() is Verdict.NONE


def test_a_ratio_is_cut_off_for_the_eye_too():
    assert times(3.999) == "3.99x"
    assert times(12.0) == "12.00x"
