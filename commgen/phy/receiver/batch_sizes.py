"""Few sizes of a batch whose rows are asked for one subset after another."""

import numpy as np

_SMALLEST = 8  # slots that a receiver is traced for


def fill_up(index: np.ndarray, batch_size: int) -> np.ndarray:
    """Repeat ``index`` up to the next of few sizes, so that few graphs are traced.

    The sizes are ``batch_size``, a half, a quarter of it, and so on down to 8.
    """
    size = batch_size
    while size // 2 >= max(len(index), _SMALLEST):
        size //= 2
    return np.resize(index, size)
