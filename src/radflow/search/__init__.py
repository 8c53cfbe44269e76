"""Random search over the settings of a model."""
