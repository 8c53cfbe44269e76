"""Sliding windows, ensembles and the way back to native space."""
