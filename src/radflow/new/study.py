"""The study that asks a first question of the data."""

from collections.abc import Sequence

from radflow.config.split import SplitRules
from radflow.errors import ConfigError
from radflow.new.found import Entry, Found
from radflow.new.yaml_text import lines
from radflow.parts import TEST, assign, part_names

LEAST_SUBJECTS = 10
"""Below it, no part of a split is large enough to say anything of a model."""

_PARTS = ((60, 5, 0.15), (25, 4, 0.2), (LEAST_SUBJECTS, 3, 0.25))
"""Subjects from which on there are so many folds, and such a share of the test part."""
_LEAST_OF_A_PART = 2
_MOST_KEYS = 1000
_STEPS = 2000
_SIDES = ("left", "right")


def study_text(name: str, found: Found, *, task: str) -> str:
    """Write `config/studies/NAME.yaml` with defaults that run.

    Raises
    ------
    ConfigError
        When the task needs label maps that are not there, or more subjects; it names the task that
        the data allow.
    """
    if task == "segmentation":
        _refuse(name, found)
    entries = [
        Entry("title", name, "title of the report"),
        Entry("question", _question(name, found, task), "what the study asks"),
        Entry("dataset", name, f"its card is config/datasets/{name}.yaml"),
        Entry("task", task, "segmentation; description: the data alone, no model"),
    ]
    if task == "segmentation":
        entries += _training(name, found)
    entries += [
        Entry("report", {}, "what only authors can say, e.g. {authors: A. Author, ethics: ...}"),
    ]
    return "\n".join(lines(entries)) + "\n"


def split_for(name: str, subjects: Sequence[str]) -> SplitRules:
    """Choose folds and test share by the number of subjects, and a key that empties no part.

    A hash of key and subject decides, so a part of a small cohort may come out empty; then a number
    is put behind the key. No image is looked at for it.
    """
    folds, share = next(
        ((folds, share) for least, folds, share in _PARTS if len(subjects) >= least), _PARTS[-1][1:]
    )
    least = min(_LEAST_OF_A_PART, len(subjects) // (folds + 1))
    for number in range(1, _MOST_KEYS + 1):
        key = name if number == 1 else f"{name}-{number}"
        rules = SplitRules(key=key, test_share=share, folds=folds)
        parts = [assign(subject, rules) for subject in subjects]
        if min(parts.count(part) for part in part_names(folds)) >= least:
            return rules
    return SplitRules(key=name, test_share=share, folds=folds)


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
    classes = [found.classes[value] for value in sorted(found.classes) if value > 0]
    listed = ", ".join(classes[:-1]) + " and " + classes[-1] if classes[1:] else classes[0]
    return f"How well does a 3D U-Net outline {listed}?"


def _training(name: str, found: Found) -> list[Entry]:
    return [
        Entry(
            "folds", "one", "one: train the first fold; all: train every fold, and ensemble them"
        ),
        Entry("split", _split(name, found), "choose before anything is trained, then keep"),
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


def _split(name: str, found: Found) -> list[Entry]:
    rules = split_for(name, found.subjects)
    test = [assign(subject, rules) for subject in found.subjects].count(TEST)
    locked = f"locked away for the test: {test} of {len(found.subjects)} subjects"
    return [
        Entry("key", rules.key, "keys the hash of subject ids that divides them"),
        Entry("test_share", rules.test_share, locked),
        Entry("folds", rules.folds, "parts of the others, for cross-validation"),
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
