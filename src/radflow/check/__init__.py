"""A study's data, checked before anything is run."""
