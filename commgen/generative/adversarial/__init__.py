"""Generators trained against a critic, and an autoencoder that is."""
