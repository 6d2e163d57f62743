"""Descriptions of the blocks for GNU Radio Companion, and flowgraphs of them."""
