"""What a receiver sees of a channel, and what posteriors make of it."""
