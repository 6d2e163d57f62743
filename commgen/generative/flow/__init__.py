"""Normalising flows of couplings over beams."""
