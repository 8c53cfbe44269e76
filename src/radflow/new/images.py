"""Detect folders of pictures, one folder a class."""

from collections import Counter
from pathlib import Path

from radflow.datasets.images import case_id
from radflow.new.files import PICTURES, files_below, has_suffix, without_wrappers
from radflow.new.found import Entry, Found, classes_by_subject

_LEAST_SHARE = 0.9
_MOST_FOLDERS = 1000
_ALONE = (
    "each image counts as a patient of its own: if file names hold the patient, say where by "
    "`images: subject`"
)


def detect(root: Path) -> Found | None:
    """Find at least two folders that hold pictures and little else."""
    top = without_wrappers(root)
    files = files_below(top)
    pictures = [path for path in files if has_suffix(path, PICTURES)]
    folders = Counter(path.parent.relative_to(top).as_posix() for path in pictures)
    if len(folders) not in range(2, _MOST_FOLDERS) or "." in folders:
        return None
    if len(pictures) < _LEAST_SHARE * len(files):
        return None
    classes = {folder: Path(folder).name for folder in sorted(folders)}
    targets = tuple(sorted(set(classes.values())))
    if len(targets) < 2:
        return None
    remarks = [_ALONE]
    if len(targets) < len(folders):
        remarks.append("several folders are one class: a patient may lie in more than one of them")
    sizes = ", ".join(f"{name} {folders[name]}" for name in sorted(folders)[:12])
    remarks.append(f"images per folder: {sizes}")
    rules = (
        Entry("folders", classes, "folder: class of the images in it"),
        Entry("subject", None, "pattern on the file name whose first group is the patient"),
    )
    places = [path.relative_to(top) for path in pictures]
    of_subject = classes_by_subject((case_id(place), place.parent.name) for place in places)
    return Found(
        layout="images",
        cases=len(pictures),
        subjects=tuple(of_subject),
        channels=("image",),
        modality="other",
        sure=False,
        targets=targets,
        classes_of=of_subject,
        flat=True,
        rules=rules,
        remarks=tuple(remarks),
    )
