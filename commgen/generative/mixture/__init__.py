"""Gaussian mixtures: EM, covariances with structure, posteriors in closed form."""
