"""A mixture over whole slots, and the estimator that infers under it."""
