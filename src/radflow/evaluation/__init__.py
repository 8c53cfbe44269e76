"""Per-case metrics, confidence intervals and paired comparisons."""
