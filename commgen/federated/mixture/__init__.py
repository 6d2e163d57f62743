"""Gaussian mixtures by sums that nodes send."""
