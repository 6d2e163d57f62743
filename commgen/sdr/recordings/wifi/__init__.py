"""Packets of 802.11a, g and n at 20 Msample/s."""
