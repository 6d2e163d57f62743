"""Variational autoencoders, with one Gaussian or a mixture as latent prior."""
