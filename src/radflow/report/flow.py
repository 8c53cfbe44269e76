"""The flow of cases: listed, accepted, divided; exclusions with their reasons."""

from dataclasses import dataclass, replace

from radflow.parts import part_names
from radflow.report.inputs import TEST
from radflow.report.load import AnyTrained, DescribedStudy, TrainedStudy
from radflow.report.numbers import count


@dataclass(frozen=True)
class Box:
    """A box of the diagram: what, how many, and a line on it."""

    title: str
    amount: str
    note: str = ""


@dataclass(frozen=True)
class Flow:
    """The diagram from top to bottom.

    Attributes
    ----------
    listed, accepted
        Cases the archives list, and those that passed intake.
    excluded
        Between the two: how many were excluded, and each reason with its count.
    development, folds
        The development part, and its folds; None and empty where nothing was divided.
    test
        The locked part; None where nothing was divided.
    """

    listed: Box
    excluded: Box
    reasons: tuple[Box, ...]
    accepted: Box
    development: Box | None = None
    folds: tuple[Box, ...] = ()
    test: Box | None = None


def flow_of(data: DescribedStudy) -> Flow:
    """Build the diagram from the records of intake and, where subjects were divided, split."""
    intake = data.intake
    repaired = int(intake.get("repaired", 0))
    flow = Flow(
        listed=Box(
            "Simulated" if data.inputs.card.simulated else "Listed",
            count(int(intake["listed"]), "case"),
            data.inputs.dataset,
        ),
        excluded=Box("Excluded", count(int(intake["quarantined"]), "case")),
        reasons=tuple(
            Box(str(reason), count(int(n), "case"))
            for reason, n in sorted(intake.get("reasons", {}).items())
        ),
        accepted=Box(
            "Accepted",
            count(int(intake["accepted"]), "case"),
            f"{count(repaired, 'case')} repaired" if repaired else "",
        ),
    )
    return _divided(flow, data) if isinstance(data, TrainedStudy) else flow


def _divided(flow: Flow, data: AnyTrained) -> Flow:
    record = data.split_record
    folds = part_names(int(record["folds"]))[:-1]
    development = sum(record["cases"].get(name, 0) for name in folds)
    subjects = sum(record["subjects"].get(name, 0) for name in folds)
    return replace(
        flow,
        development=Box("Development", count(development, "case"), count(subjects, "subject")),
        folds=tuple(
            Box(f"Fold {place}", count(record["cases"].get(name, 0), "case"), use_of(data, place))
            for place, name in enumerate(folds)
        ),
        test=Box(
            "Test",
            count(record["cases"].get(TEST, 0), "case") if data.has_test_part else "none",
            _test_state(data),
        ),
    )


def _test_state(data: AnyTrained) -> str:
    if not data.has_test_part:
        return "no subject was set aside"
    subjects = count(data.split_record["subjects"][TEST], "subject")
    return f"{subjects}, {'opened' if TEST in data.parts else 'locked'}"


def use_of(data: AnyTrained, fold: int) -> str:
    """Say what a fold's cases were used for, given the folds that were trained."""
    trained = data.trained_folds
    uses = ["training"] if any(other != fold for other in trained) else []
    if fold in trained:
        uses.append("tuning")
    return " and ".join(uses) or "nothing"
