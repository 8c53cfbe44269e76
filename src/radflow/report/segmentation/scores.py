"""The scores of a segmentation: one row per class of a case."""

from dataclasses import dataclass
from pathlib import Path

from radflow.files import read_tsv
from radflow.report.inputs import TrainedInputs
from radflow.report.load import ModelData, ScoredCase, TrainedStudy, read_trained

_TEXT = ("case", "subject", "part", "class", "empty")


@dataclass(frozen=True)
class Score(ScoredCase):
    """One class of one case, as the table of scores has it; volumes in ml, distances in mm."""

    label: int
    name: str
    dice: float
    hd95_mm: float
    reference_ml: float
    predicted_ml: float
    empty: str


SegmentedStudy = TrainedStudy[Score]
SegmentedModel = ModelData[Score]


def read_study(inputs: TrainedInputs) -> SegmentedStudy:
    """Read every file of a report but the images.

    Raises
    ------
    EvaluationError
        When there is no model but the baseline, or it has no scores.
    LeakError
        When the split is not the one that was frozen.
    """
    return read_trained(inputs, SegmentedStudy, scores=_read_scores)


def _read_scores(path: Path) -> tuple[Score, ...]:
    table = read_tsv(path, strings=_TEXT)
    table["empty"] = table["empty"].fillna("")
    rows = table.sort_values(by=["case", "label"]).to_dict(orient="records")
    return tuple(
        Score(
            case=str(row["case"]),
            subject=str(row["subject"]),
            part=str(row["part"]),
            label=int(row["label"]),
            name=str(row["class"]),
            dice=float(row["dice"]),
            hd95_mm=float(row["hd95_mm"]),
            reference_ml=float(row["reference_ml"]),
            predicted_ml=float(row["predicted_ml"]),
            empty=str(row["empty"]),
        )
        for row in rows
    )
