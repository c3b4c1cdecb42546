"""Figures of attributions whose sources are known, worked out by hand."""

import pytest

from attribution.training.material import Output
from attribution.training.report import figures, of_one_label, pooled
from attribution.values import Attribution, PassageVerdict

NUMBERS = {"ode": 0, "essay": 1, "novel": 2}


def an_output(*sources, spans=(), shares=None, text="text"):
    told = shares or ({sources[0]: 1.0} if len(sources) == 1 else {})
    return Output("name", text, sources, spans, told, "kind", "sub", "topic")


def found(best, **share_ppm):
    shares = {NUMBERS[name]: share for name, share in share_ppm.items()}
    named = None if best is None else (NUMBERS[best[0]], best[1])
    return Attribution(shares, 1_000_000 - sum(shares.values()), (), "v", named)


JUDGED = [
    (an_output("ode"), found(("ode", 0.95), ode=900_000, novel=20_000)),
    (an_output("essay"), found(("ode", 0.55), ode=40_000)),  # the wrong one named and paid
    (
        an_output("ode", "essay", spans=((0, 6, "ode"), (6, 10, "essay")),
                  shares={"ode": 0.6, "essay": 0.4}),
        found(("essay", 0.85), ode=500_000, essay=450_000),
    ),
    (an_output(), found(("novel", 0.65), novel=60_000)),
    (an_output(), found(None)),
]  # fmt: skip


def test_figures_are_those_worked_out_by_hand():
    assert figures(JUDGED, NUMBERS, shares=True) == pytest.approx(
        {
            "outputs": 5,
            # bins .9: .05, .5: .55, .8: .15, .6: .65, .0: 0
            "ece": 1.4 / 5,
            "ece_passages": 0.0,
            "recall_at_1": 2 / 3,
            # .95 and .85 above both strangers, .55 above one of them
            "auroc": 5 / 6,
            # two claims, both right: 2 * 2 / (2 + 3)
            "f1_star": 0.8,
            # above the highest stranger and right: two of three
            "tpr_at_1pct_fpr": 2 / 3,
            "share_mae": (0.1 + 1.0 + 0.1 + 0.05) / 4,
            "share_recovered": (0.9 + 0.0) / 2,
            "wrong_works": (0.02 + 0.04 + 0.0) / 3,
            "paid_unrelated": 0.03,
            "unrelated_over_5": 0.5,
        }
    )


def test_where_shares_are_not_known_they_are_not_judged():
    told = figures(JUDGED, NUMBERS, shares=False)
    assert "share_mae" not in told
    assert "share_recovered" not in told
    assert told["wrong_works"] == pytest.approx(0.02)


def test_a_set_without_strangers_has_no_false_alarms_to_count():
    told = figures(JUDGED[:1], NUMBERS, shares=True)
    assert told == pytest.approx(
        {"outputs": 1, "ece": 0.05, "ece_passages": 0.0, "recall_at_1": 1, "share_mae": 0.1,
         "share_recovered": 0.9, "wrong_works": 0.02}
    )  # fmt: skip


def test_a_set_of_strangers_has_no_sources_to_find():
    told = figures(JUDGED[3:], NUMBERS, shares=True)
    assert set(told) == {
        "outputs", "ece", "ece_passages", "paid_unrelated", "unrelated_over_5"
    }  # fmt: skip
    assert figures([], NUMBERS, shares=True) == {"ece": 0.0, "ece_passages": 0.0, "outputs": 0}


def test_passages_are_right_where_most_of_them_comes_from_the_work_named():
    def verdict(start, end, name, confidence):
        work = None if name is None else NUMBERS[name]
        return PassageVerdict(start, end, work, 1, 0, 9, confidence, "paraphrase", "paid")

    mixed = an_output("ode", "essay", spans=((0, 10, "ode"), (16, 30, "essay")))
    told = [
        verdict(0, 10, "ode", 0.95),  # right
        verdict(10, 20, "essay", 0.75),  # 4 of 10: wrong
        verdict(20, 30, "ode", 0.35),  # wrong
        verdict(30, 40, None, 0.0),  # names nothing and is not counted
    ]
    whole = [verdict(0, 10, "ode", 0.65), verdict(10, 20, "novel", 0.15)]
    judged = [
        (mixed, Attribution({}, 1_000_000, (), "v", None, tuple(told))),
        (an_output("ode"), Attribution({}, 1_000_000, (), "v", None, tuple(whole))),
    ]
    # .05 + .75 + .35 + .35 + .15 of five
    assert figures(judged, NUMBERS, shares=True)["ece_passages"] == pytest.approx(0.33)


def test_one_stranger_in_a_hundred_may_be_above_the_cut():
    strangers = [(an_output(), found(("novel", at / 1_000))) for at in range(1, 100)]
    strangers.append((an_output(), found(("novel", 0.99))))
    judged = [*strangers, (an_output("ode"), found(("ode", 0.5)))]
    assert figures(judged, NUMBERS, shares=True)["tpr_at_1pct_fpr"] == 1.0
    judged.insert(0, (an_output(), found(("novel", 0.98))))  # now two of 101 are
    assert figures(judged, NUMBERS, shares=True)["tpr_at_1pct_fpr"] == 0.0


def test_a_claim_of_the_wrong_work_is_no_hit_however_sure():
    judged = [(an_output("ode"), found(("essay", 0.99))), (an_output(), found(None))]
    told = figures(judged, NUMBERS, shares=True)
    assert (told["auroc"], told["tpr_at_1pct_fpr"], told["f1_star"]) == (1.0, 0.0, 0.0)


def test_the_pool_has_one_threshold_for_all_sets():
    other = {"ode": 7}
    second = [(an_output("ode"), Attribution({}, 1_000_000, (), "v", (7, 0.6)))]
    told = pooled({"one": (JUDGED, NUMBERS), "two": (second, other)})
    assert told["outputs"] == 6
    assert told["recall_at_1"] == 0.75
    assert told["tpr_at_1pct_fpr"] == 0.5  # .6 lies below the stranger's .65
    assert told["auroc"] == pytest.approx((2 + 2 + 1 + 1) / 8)


def test_a_text_that_stands_with_several_sources_tells_none_of_them():
    labelled = [
        an_output("ode", text="I cannot  help."),
        an_output(text="I cannot help."),
        an_output("ode", text="Sing, goddess."),
        an_output("ode", text="Sing, goddess."),
        an_output(text="Once upon a time."),
    ]
    kept = of_one_label([(output, found(None)) for output in labelled])
    assert [output.text for output, _ in kept] == [
        "Sing, goddess.", "Sing, goddess.", "Once upon a time.",
    ]  # fmt: skip
