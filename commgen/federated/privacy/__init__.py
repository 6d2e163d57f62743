"""What a model tells of the channels that it learned."""
