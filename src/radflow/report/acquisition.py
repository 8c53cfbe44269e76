"""How the images were made: their grids, and what the files say of scanner and sequence."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from radflow.datasets.cases import Case
from radflow.report.cohort import grouped_table
from radflow.report.grid import is_flat, knows_pixels
from radflow.report.groups import Group, counted, groups_of, measured, summarised
from radflow.report.load import DescribedStudy
from radflow.report.numbers import DASH, times
from radflow.report.tables import Table

NOT_IN_FILES = "not stated in the files"

TITLES: Mapping[str, str] = {
    "manufacturer": "manufacturer",
    "model": "scanner model",
    "field_strength_t": "field strength (T)",
    "tr_ms": "repetition time TR (ms)",
    "te_ms": "echo time TE (ms)",
    "ti_ms": "inversion time TI (ms)",
    "flip_angle_deg": "flip angle (degrees)",
    "kvp": "tube voltage (kVp)",
    "slice_thickness_mm": "slice thickness (mm)",
    "pixel_spacing_mm": "pixel spacing (mm)",
}
"""What the keys of a case's acquisition are called, in order."""

_SCANNER = ("manufacturer", "model")
_EXPECTED: Mapping[str, tuple[str, ...]] = {
    "MR": (
        *(*_SCANNER, "field_strength_t", "tr_ms", "te_ms", "ti_ms", "flip_angle_deg"),
        "slice_thickness_mm",
    ),
    "CT": (*_SCANNER, "kvp", "slice_thickness_mm"),
    "XR": (*_SCANNER, "kvp"),
}
"""What readers look for, by modality: named where no file states it."""

_AXES = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}
_AXIS_NAMES = ("left-right", "posterior-anterior", "inferior-superior")
_MOST_SIZES = 3


def acquisition_table(data: DescribedStudy) -> Table:
    """Grids of the images, scanner and sequence, by part where there are parts."""
    named = groups_of(data)
    groups = list(named.values())
    card = data.inputs.card
    channel = f" of the first channel, {card.channels[0]}," if len(card.channels) > 1 else ""
    return grouped_table(
        "Acquisition: image size as mean (SD), range; settings as median (range) or counts",
        named,
        [*_grids(data, groups), *_settings(data, groups)],
        note="Images are computed: no scanner made them."
        if card.simulated
        else f"Scanner and settings{channel} are what the delivered files say.{_silent(data)}",
    )


def stated_keys(data: DescribedStudy) -> tuple[str, ...]:
    """Name the settings that at least one case states."""
    return tuple(
        dict.fromkeys(key for case in data.cases for key, text in case.acquisition.items() if text)
    )


def spoken(key: str) -> str:
    """Name a setting for readers; unknown keys as they are, without underscores."""
    return TITLES.get(key, key.replace("_", " "))


def _grids(data: DescribedStudy, groups: Sequence[Group]) -> Iterator[Sequence[str]]:
    if is_flat(data):
        yield "image size (pixels)", *(_sizes(g, lambda c: c.shape[:2]) for g in groups)
        if knows_pixels(data):
            yield "pixel size (mm)", *(_sizes(g, lambda c: c.spacing_mm[:2]) for g in groups)
        else:
            yield "pixel size (mm)", *["unknown" for _ in groups]
        return
    for axis, name in enumerate(_AXIS_NAMES):

        def size(case: Case, axis: int = axis) -> float:
            return _ras(case.shape, case)[axis]

        yield f"image size {name} (voxels)", *measured(groups, size)
    yield "voxel size (mm)", *(_sizes(group, lambda case: case.spacing_mm) for group in groups)
    yield (
        "file orientation",
        *(counted(g, lambda c: c.orientation, unstated="none") for g in groups),
    )


def _settings(data: DescribedStudy, groups: Sequence[Group]) -> Iterator[Sequence[str]]:
    stated = stated_keys(data)
    known = [key for key in TITLES if key in stated]
    for key in (*known, *sorted(set(stated) - set(TITLES))):

        def text(case: Case, key: str = key) -> str:
            return case.acquisition.get(key, "")

        yield spoken(key), *(summarised(group, text, unstated=NOT_IN_FILES) for group in groups)


def _silent(data: DescribedStudy) -> str:
    """Name what the files of a modality should say and do not."""
    stated = stated_keys(data)
    expected = _EXPECTED.get(data.inputs.card.modality, _SCANNER)
    missing = [spoken(key) for key in expected if key not in stated]
    return f" {NOT_IN_FILES.capitalize()}: {', '.join(missing)}." if missing else ""


def _sizes(group: Group, of: Callable[[Case], Sequence[float]]) -> str:
    """Count the sizes of a group; where they are many, how many and from which to which edge."""
    found = {tuple(of(case)) for case in group}
    if len(found) <= _MOST_SIZES:
        return counted(group, lambda case: times(tuple(of(case))), unstated="none")
    edges = [edge for size in found for edge in size]
    return f"{len(found)} different, edges {min(edges):.3g}{DASH}{max(edges):.3g}"


def _ras(values: Sequence[float], case: Case) -> list[float]:
    """Put values along file axes into RAS order."""
    ordered = [0.0, 0.0, 0.0]
    for value, letter in zip(values, case.orientation, strict=True):
        ordered[_AXES[letter]] = float(value)
    return ordered
