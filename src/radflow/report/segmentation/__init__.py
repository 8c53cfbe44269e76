"""The report of a segmentation: outlines, overlaps, volumes."""
