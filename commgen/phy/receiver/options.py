"""How a link uses an estimator's output."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

_SMALLEST = 8  # slots that a receiver is traced for


@dataclass(frozen=True)
class ReceiverOptions:
    """What a receiver does with an estimate; a link finds it as ``block.receiver``.

    Parameters
    ----------
    use_err_var
        Whether equaliser and demapper are told the error variance, or zero.
    iterations
        Times that the channel is estimated again from what the decoder made of the
        data, at most; where the code's checks hold, no more. 0: once.
    refine
        ``refine(y, no, x_mean, x_var, h_power) -> h_hat, err_var``, such as
        :class:`~commgen.phy.receiver.SlotPosterior`; needed with ``iterations``.
    gives_llr
        The block is a whole receiver: ``(y, no) -> h_hat, (err_var, llr)``.

    Raises
    ------
    ValueError
        If ``iterations`` is negative, or there is no ``refine`` for them.
    """

    use_err_var: bool = True
    iterations: int = 0
    refine: Any = None
    gives_llr: bool = False

    def __post_init__(self):
        if self.iterations < 0:
            raise ValueError(f"iterations must be at least 0, got {self.iterations}.")
        if self.iterations and self.refine is None:
            raise ValueError(
                f"refine must be given for {self.iterations} iterations, got None."
            )

    def err_var(self, err_var: Any) -> Any:
        """Return what equaliser and demapper are told of ``err_var``."""
        return err_var if self.use_err_var else tf.zeros([1] * 7, err_var.dtype)


#: Once, with the error variance.
PLAIN = ReceiverOptions()


def options_of(estimator: Any) -> ReceiverOptions:
    """Return the options of an estimator; the plain ones where it has none."""
    return getattr(estimator, "receiver", PLAIN)


def fill_up(index: np.ndarray, batch_size: int) -> np.ndarray:
    """Repeat ``index`` up to the next of few sizes, so that few graphs are traced.

    The sizes are ``batch_size``, a half, a quarter of it, and so on down to 8.
    """
    size = batch_size
    while size // 2 >= max(len(index), _SMALLEST):
        size //= 2
    return np.resize(index, size)
