"""Symbols and grids: demapper, soft symbols, pilots on a grid, equaliser."""
