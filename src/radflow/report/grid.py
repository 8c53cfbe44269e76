"""The grids of a dataset's images: flat or not, and whether their pixels have a size."""

from radflow.report.load import DescribedStudy

_PICTURES = ("images", "table")


def is_flat(data: DescribedStudy) -> bool:
    """Say whether every image is a single slice or picture."""
    return bool(data.cases) and all(case.shape[2] == 1 for case in data.cases)


def knows_pixels(data: DescribedStudy) -> bool:
    """Say whether the size of voxels is known: a picture has none of its own, its card may."""
    card = data.inputs.card
    if card.layout not in _PICTURES or card.pixel_mm is not None or not is_flat(data):
        return True
    return any(case.spacing_mm[:2] != (1.0, 1.0) for case in data.cases)
