"""MLflow as a mirror of the files: runs, curves, results and models to look at and to serve."""
