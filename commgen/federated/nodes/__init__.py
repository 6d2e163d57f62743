"""What a node does with its own channels."""
