"""From a folder of data to a dataset card and a study."""
