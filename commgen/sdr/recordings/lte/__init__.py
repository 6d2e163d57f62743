"""LTE cells and what they broadcast, at 1.92 Msample/s."""
