"""Whether sheet, marks and label map of a case agree that there is a lesion."""

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.checks.listing import Candidate, shown_id

_CORRECT = "Correct the sheet or the label map"
_REASON = "sheet and label map disagree"


def listed_presence(candidate: Candidate, negative: str | None, *, marked: bool) -> list[Finding]:
    """Compare a case's class with its marks.

    Parameters
    ----------
    candidate
        As the sheet lists it.
    negative
        Class of cases without a lesion; None where no class says so.
    marked
        Whether the sheet has columns of lesions at all.
    """
    if negative is None or not candidate.target or not marked:
        return []
    if (candidate.target != negative) == bool(candidate.marks):
        return []
    said = "no lesion" if candidate.target == negative else "a lesion"
    message = f"the class {candidate.target!r} says {said}, listed are {len(candidate.marks)}"
    problem = Problem(Level.STOP, message, "Correct the class or the lesions in the sheet")
    reason = "class and lesions disagree"
    return [found("lesion-presence", 45, reason, problem, case=shown_id(candidate.case))]


def label_presence(candidate: Candidate, label: Examined | None) -> list[Finding]:
    """Compare what the sheet says with whether the label map is empty.

    With several classes the map may hold organs, so voxels of it don't contradict "no lesion".
    """
    if candidate.positive is None or label is None or label.array is None:
        return []
    voxels = int((label.array > 0).sum())
    if candidate.positive == bool(voxels) or (voxels and len(label.classes) > 2):
        return []
    said = "a lesion" if candidate.positive else "no lesion"
    message = f"the sheet says {said} (class {candidate.target!r}, {len(candidate.marks)} marked)"
    message += f", the label map has {voxels} voxels of it"
    problem = Problem(Level.STOP, message, _CORRECT)
    return [found("label-presence", 45, _REASON, problem, case=candidate.case, role="label")]
