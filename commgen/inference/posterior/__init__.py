"""Posteriors sampled by chains, and modes found by descent, under any prior."""
