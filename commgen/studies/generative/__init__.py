"""The benchmark of the generative families, and what their models are put to."""
