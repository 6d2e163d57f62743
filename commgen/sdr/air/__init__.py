"""Simulated air: fading, impairments and interference on a stream of samples."""
