"""Networks that read a spectrum, and exact filters under it."""
