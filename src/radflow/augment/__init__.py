"""Batched augmentation: parameters drawn once, then a pure function."""
