"""radflow: deep-learning studies in radiology, from archive to report."""

__version__ = "0.1.0"
