"""Waveforms that suit an amplifier, learned, beside the classical ones."""
