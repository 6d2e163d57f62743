"""Which channels are in a step: each with the same chance, whatever the others do."""

import numpy as np


def poisson_rows(
    rng: np.random.Generator, num_rows: int, batch_size: int
) -> np.ndarray:
    """Return the rows of a batch, each there with chance ``batch_size / num_rows``.

    So batches differ in size, a channel may be in several of an epoch or in none, and a
    batch may be empty: that is what the accountant's amplification by sampling asks.
    """
    return np.flatnonzero(rng.random(num_rows) < batch_size / num_rows)
