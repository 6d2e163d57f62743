"""What goes up: fewer bytes, and what they cost a radio."""
