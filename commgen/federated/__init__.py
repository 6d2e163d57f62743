"""Federated learning of channels on Flower: models travel, channels do not."""
