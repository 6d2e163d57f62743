"""From samples to frames: search, receiver, models with a fall-back, recording."""
