"""The benchmark of the estimators: every set, every method, one seed."""
