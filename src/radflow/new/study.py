"""The study that asks a first question of the data."""

from radflow.errors import ConfigError
from radflow.new.classification import (
    classes_text,
    classification,
    refuse_classification,
    why_not,
)
from radflow.new.found import Entry, Found
from radflow.new.splits import LEAST_SUBJECTS, split_entries
from radflow.new.yaml_text import lines

_STEPS = 2000
_SIDES = ("left", "right")


def study_text(name: str, found: Found, *, task: str) -> str:
    """Write `config/studies/NAME.yaml` with defaults that run.

    Raises
    ------
    ConfigError
        When the task needs label maps or classes that are not there, or more subjects; it names the
        task that the data allow.
    """
    if task == "segmentation":
        _refuse(name, found)
    if task == "classification":
        refuse_classification(name, found)
    entries = [
        Entry("title", name, "title of the report"),
        Entry("question", _question(name, found, task), "what the study asks"),
        Entry("dataset", name, f"its card is config/datasets/{name}.yaml"),
        Entry("task", task, "segmentation, classification; description: the data alone, no model"),
    ]
    if task == "segmentation":
        entries += _segmentation(name, found)
    if task == "classification":
        entries += classification(name, found)
    entries += [
        Entry("report", {}, "what only authors can say, e.g. {authors: A. Author, ethics: ...}"),
    ]
    return "\n".join(lines(entries)) + "\n"


def task_for(found: Found) -> str:
    """Choose the task that the data allow: outlines first, then classes, then their description."""
    if found.classes and len(found.subjects) >= LEAST_SUBJECTS:
        return "segmentation"
    return "description" if why_not(found) else "classification"


def _refuse(name: str, found: Found) -> None:
    instead = f"To describe the data: radflow new {name} --data ... --task description"
    if not found.classes:
        message = f"segmentation needs label maps, and none were found. {instead}"
        raise ConfigError(message)
    if len(found.subjects) < LEAST_SUBJECTS:
        message = (
            f"segmentation needs at least {LEAST_SUBJECTS} subjects for folds and a locked test "
            f"part, the data have {len(found.subjects)}. {instead}"
        )
        raise ConfigError(message)


def _question(name: str, found: Found, task: str) -> str:
    if task == "description":
        return f"What do the data of {name} hold?"
    if task == "classification":
        dimensions = "2D" if found.flat else "3D"
        return f"How well does a {dimensions} network tell {classes_text(found.targets)} apart?"
    classes = [found.classes[value] for value in sorted(found.classes) if value > 0]
    return f"How well does a 3D U-Net outline {classes_text(classes)}?"


def _segmentation(name: str, found: Found) -> list[Entry]:
    return [
        Entry(
            "folds", "one", "one: train the first fold; all: train every fold, and ensemble them"
        ),
        Entry("split", split_entries(name, found), "choose before anything is trained, then keep"),
        Entry("plan", {}, "voxel size, patch, batch; {}: chosen from the development cases"),
        Entry("preprocess", {}, "in how many files preprocessed cases lie"),
        Entry("patches", {}, "where patches are centred"),
        Entry(
            "models",
            [Entry("unet", _model(found))],
            "compared on one split, beside a trivial baseline",
        ),
        Entry(
            "evaluation",
            [
                Entry("nsd_tolerance_mm", 1.0, "surface distance that counts as agreement"),
                Entry("test", "locked", "open: read the test part, once models are final"),
            ],
        ),
        Entry("compare", {}, "bootstrap of confidence intervals"),
    ]


def _model(found: Found) -> list[Entry]:
    training = [
        Entry("budget", {"steps": _STEPS}, "a first look; results get better with more steps"),
        Entry("steps_per_epoch", 200, "steps between two looks at the tuning cases"),
    ]
    return [
        Entry("network", {"name": "unet", "channels": [16, 32]}, "features of the finest levels"),
        *_mirroring(found),
        Entry("training", training),
    ]


def _mirroring(found: Found) -> list[Entry]:
    """Keep left and right apart where classes do."""
    names = " ".join(found.classes.values()).casefold()
    if not any(side in names for side in _SIDES):
        return []
    comment = "classes have sides, so images are not mirrored"
    return [Entry("augmentation", {"mirror_axes": []}, comment)]
