"""A digital neuroimaging cohort: real anatomy, simulated subjects, known truth."""
