"""What asks the nodes: strategies as they are, over grids that check or stay here."""
