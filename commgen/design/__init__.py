"""Signals to a purpose: constellations that carry a rate at the least SNR."""
