"""Volumes in physical space: reading, orientation, resampling, normalisation, export."""
