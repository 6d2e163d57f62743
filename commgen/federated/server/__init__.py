"""What the server asks, and makes of the answers."""
