"""The sections of a new study that predicts the class of a case."""

from collections import Counter
from collections.abc import Sequence

from radflow.errors import ConfigError
from radflow.new.found import Entry, Found
from radflow.new.splits import LEAST_SUBJECTS, split_entries

LEAST_OF_A_CLASS = 4
"""Subjects of the rarest class: one in each of three folds, and one in the test part."""

_NEGATIVE = frozenset(
    [
        *("control", "controls", "normal", "healthy", "negative", "neg", "no", "none", "absent"),
        *("benign", "false", "0", "hc", "cn", "nc", "n"),
    ]
)
_SIDES = ("left", "right")
_STEPS, _STEPS_PER_EPOCH = 600, 100
_RARE = 0.5  # of the commonest class: below it, classes are drawn alike
_CHANNELS_2D, _CHANNELS_3D = [16, 32, 64], [8, 16, 32, 64]


def why_not(found: Found) -> str:
    """Say why the data allow no classification; empty where they do."""
    if len(found.targets) < 2:
        return (
            "classification needs a class of each case (folders of pictures, or a column such as "
            "`diagnosis` of a sheet or of participants.tsv), and none were found"
        )
    if len(found.subjects) < LEAST_SUBJECTS:
        return (
            f"classification needs at least {LEAST_SUBJECTS} subjects for folds and a locked test "
            f"part, the data have {len(found.subjects)}"
        )
    name, number = min(counted_classes(found).items(), key=lambda each: (each[1], each[0]))
    if number < LEAST_OF_A_CLASS:
        return (
            f"classification needs at least {LEAST_OF_A_CLASS} subjects of each class, so that "
            f"each part has one; {name!r} has {number}"
        )
    return ""


def refuse_classification(name: str, found: Found) -> None:
    """Refuse data that allow no classification.

    Raises
    ------
    ConfigError
        With the task that they allow.
    """
    if reason := why_not(found):
        message = (
            f"{reason}. To describe the data: radflow new {name} --data ... --task description"
        )
        raise ConfigError(message)


def counted_classes(found: Found) -> dict[str, int]:
    """Count the subjects of each class, in the order of `targets`."""
    counts = Counter(name for names in found.classes_of.values() for name in names)
    return {name: counts[name] for name in found.targets}


def ordered_classes(found: Found) -> tuple[str, ...]:
    """Give the classes, of two the negative first where its name tells it."""
    two = len(found.targets) == 2
    return tuple(sorted(found.targets, key=lambda name: two and name.casefold() not in _NEGATIVE))


def classes_text(names: Sequence[str]) -> str:
    """List names in a sentence."""
    return ", ".join(names[:-1]) + f" and {names[-1]}" if names[1:] else names[0]


def classification(name: str, found: Found) -> list[Entry]:
    """Write the sections of a classification, from `folds` to `compare`."""
    folds = "all" if found.folds else "one"
    network = "2D" if found.flat else "3D"
    return [
        Entry("folds", folds, "one: train the first fold; all: train every fold, and average them"),
        Entry("target", _target(found), "what is predicted of a case"),
        Entry(
            "input",
            {"view": "whole"},
            "whole: the image at once; slices, neighbours, planes: 2D parts of a volume",
        ),
        Entry(
            "split",
            split_entries(name, found, classes=True),
            "choose before anything is trained, then keep",
        ),
        Entry("plan", {}, "voxel size, grid, batch; {}: chosen from the development cases"),
        Entry("preprocess", {}, "in how many files preprocessed cases lie"),
        Entry("patches", {}, "used by segmentation alone"),
        Entry(
            "models",
            [Entry("cnn", _model(found), f"a small {network} network; also resnet, densenet")],
            "compared on one split, beside the majority class",
        ),
        Entry(
            "evaluation",
            [Entry("test", "locked", "open: read the test part, once models are final")],
        ),
        Entry("compare", {}, "bootstrap of confidence intervals"),
    ]


def _target(found: Found) -> list[Entry]:
    binary = len(found.targets) == 2
    kinds = "binary, multi-class, multi-label; ordinal: classes in rising order"
    counts = counted_classes(found)
    sizes = ", ".join(f"{name} {counts[name]}" for name in ordered_classes(found))
    first = "the negative class first; " if binary else ""
    return [
        Entry("kind", "binary" if binary else "multi-class", kinds),
        Entry("classes", list(ordered_classes(found)), f"{first}subjects of each: {sizes}"),
    ]


def _model(found: Found) -> list[Entry]:
    channels = _CHANNELS_2D if found.flat else _CHANNELS_3D
    training = [
        Entry("budget", {"steps": _STEPS}, "a first look; results get better with more steps"),
        Entry("steps_per_epoch", _STEPS_PER_EPOCH, "steps between two looks at the tuning cases"),
    ]
    counts = counted_classes(found).values()
    if min(counts) < _RARE * max(counts):
        rare = "the classes differ in size: each is drawn as often; none: as they come"
        training.append(Entry("balance", "sampling", rare))
    sided = any(side in " ".join(found.targets).casefold() for side in _SIDES)
    augmentation = Entry(
        "augmentation", {"mirror_axes": []}, "classes have sides, so images are not mirrored"
    )
    return [
        Entry("network", {"name": "cnn", "channels": channels}, "features of each level"),
        *([augmentation] if sided else []),
        Entry("training", training),
    ]
