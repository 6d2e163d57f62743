"""What the families share whose network estimates in one pass."""
