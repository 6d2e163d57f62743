"""Federations beside central and local training."""
