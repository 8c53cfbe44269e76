"""Columns of a sheet that hold the corners of a box."""

from collections.abc import Mapping, Sequence

from radflow.datasets.checks.identity_columns import plain_header

_CORNERS = (
    (("x0", "y0", "z0"), ("x1", "y1", "z1")),
    (("x1", "y1", "z1"), ("x2", "y2", "z2")),
    (("xmin", "ymin", "zmin"), ("xmax", "ymax", "zmax")),
    (("x_min", "y_min", "z_min"), ("x_max", "y_max", "z_max")),
    (("min_x", "min_y", "min_z"), ("max_x", "max_y", "max_z")),
)
_PREFIXES = ("", "box_", "bbox_", "lesion_", "roi_")


def box_among(columns: Sequence[str]) -> tuple[list[str], Mapping[str, object]]:
    """Find the corners of a box, in two axes or three.

    Returns
    -------
    tuple
        The columns, and what the card says of them; both empty where there is no box.
    """
    by_plain = {plain_header(column): column for column in columns}
    for prefix in _PREFIXES:
        for corners in _CORNERS:
            for axes in (3, 2):
                wanted = [[prefix + name for name in corner[:axes]] for corner in corners]
                if all(name in by_plain for corner in wanted for name in corner):
                    lower, upper = ([by_plain[name] for name in corner] for corner in wanted)
                    rules = {"kind": "box", "units": "voxel", "lower": lower, "upper": upper}
                    return [*lower, *upper], rules
    return [], {}
