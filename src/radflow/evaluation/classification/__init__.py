"""What a classification is worth: curves, operating points, calibration, paired comparisons."""
