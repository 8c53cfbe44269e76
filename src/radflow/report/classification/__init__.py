"""The report of a classification: probabilities, curves, mistakes."""
