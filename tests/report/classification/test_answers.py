"""Answers of single cases, and which of them are shown."""

from hypothesis import given
from hypothesis import strategies as st

from radflow.report.classification.answers import Answer, ClassifiedStudy
from radflow.report.classification.selection import chosen, mistakes

SUMS = st.lists(st.floats(0.01, 1), min_size=2, max_size=5)


def _answer(case: str, reference: str, *, several: bool = False, **probabilities: float) -> Answer:
    names = tuple(name for name in reference.split(";") if name)
    return Answer(case, case, "test", names, probabilities, several)


def test_the_answer_is_the_likeliest_class() -> None:
    answer = _answer("x", "a", a=0.2, b=0.5, c=0.3)
    assert answer.answered == ("b",)
    assert not answer.right
    assert answer.of_the_truth == 0.2
    assert answer.confidence == 0.5


def test_of_several_classes_all_must_be_right() -> None:
    answer = _answer("x", "a;c", several=True, a=0.9, b=0.2, c=0.4)
    assert answer.answered == ("a",)
    assert not answer.right
    assert abs(answer.of_the_truth - (0.9 + 0.8 + 0.4) / 3) < 1e-12
    assert _answer("y", "", several=True, a=0.1, b=0.3).right


def test_a_case_without_an_answer_is_wrong_and_no_confident_mistake() -> None:
    answer = _answer("x", "a")
    assert (answer.answered, answer.right, answer.of_the_truth) == ((), False, 0.0)
    assert mistakes([answer]) == []
    assert [each.title for each in chosen([answer])] == ["worst and median and best"]


def test_worst_median_best_and_mistakes_follow_rules() -> None:
    answers = [_answer(f"c{n}", "a", a=n / 10, b=1 - n / 10) for n in (9, 1, 3, 7, 8, 2)]
    titles = {each.title: each.answer.case for each in chosen(answers)}
    assert titles == {
        "worst and confident mistake": "c1",
        "median and confident mistake": "c3",
        "best": "c9",
        "confident mistake": "c2",
    }


def test_ties_go_by_name_whatever_the_order() -> None:
    answers = [_answer(case, "a", a=0.3, b=0.7) for case in ("d", "b", "a", "c", "e")]
    assert [each.case for each in mistakes(answers, most=2)] == ["a", "b"]
    assert chosen(answers) == chosen(answers[::-1])


def test_nothing_is_shown_of_nothing() -> None:
    assert chosen([]) == []


@given(SUMS, st.data())
def test_an_answer_is_right_where_its_truth_is_likeliest(
    weights: list[float], data: st.DataObject
) -> None:
    total = sum(weights)
    probabilities = {f"k{n}": weight / total for n, weight in enumerate(weights)}
    truth = data.draw(st.sampled_from(sorted(probabilities)))
    answer = _answer("x", truth, **probabilities)
    assert answer.of_the_truth <= answer.confidence
    if answer.right:
        assert answer.of_the_truth == answer.confidence


def test_controls_and_baseline_are_no_real_models(study: ClassifiedStudy) -> None:
    assert [model.name for model in study.real_models] == ["cnn"]
    assert [model.name for model in study.controls] == ["shuffled"]
    assert study.primary.name == "cnn"
    assert study.chosen_on_tuning == "the best epoch, the temperature and the operating points"


def test_pooled_answers_are_those_of_both_folds(study: ClassifiedStudy) -> None:
    answers = study.primary.scores["tuning"]
    assert {answer.part for answer in answers} == {"fold-0", "fold-1"}
    assert [answer.case for answer in answers] == sorted(answer.case for answer in answers)
    truths = {case.case: case.target for case in study.cases}
    assert all(answer.reference == (truths[answer.case],) for answer in answers)
