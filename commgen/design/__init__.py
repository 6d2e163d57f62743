"""Signals to a purpose: constellations, and waveforms for an amplifier."""
