"""Columns of the table of scores: one row per case and class, in every part of a study."""

SCORES = ("dice", "nsd", "hd95_mm", "assd_mm")
"""Scores that compare two masks; undefined where one is empty."""

METRICS = (*SCORES, "volume_error_ml")
"""What is summarised and compared between models."""

COLUMNS = (
    *("case", "subject", "part", "label", "class", "reference_voxels", "predicted_voxels"),
    *SCORES,
    *("reference_ml", "predicted_ml", "volume_error_ml"),
    "empty",
)
