"""The neural receiver: network, features, files, training."""
