"""Arrays through TensorFlow, so many rows at a time: the one way to call a prior."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from commgen._checks import check_amplitudes, check_finite, check_noise_variance
from commgen.generative._untyped import tf
from commgen.generative.model import check_prior

_SIZE = 256


class ChunkedDenoiser:
    """The denoiser of a prior as a function of NumPy arrays.

    Parameters
    ----------
    prior
        Has ``event_shape`` and ``denoise``, as :class:`~commgen.generative.Prior`.
    size
        Channels at a time. None for 256; where the prior has a ``block`` of channels
        that it judges together, these stay together.
    graph
        ``"one"``: compiled once, for any number of channels; ``"each"``: once for each
        number of channels; ``"none"``: not compiled. They differ in the last digits.

    Input
    -----
    y : [n, *event_shape] or [n, event entries], complex
        Received channels, n at least 1.
    no : [] or [n], float
        Noise variance.

    Output
    ------
    h_hat : shape of ``y``, complex64
        Posterior mean.
    err_var : shape of ``y``, float32
        Posterior variance of each entry.

    Raises
    ------
    TypeError
        If ``prior`` cannot estimate.
    ValueError
        If y or no is not finite or out of
        :data:`~commgen._checks.FLOAT_RANGE`, or what the prior makes of them is not.
    """

    def __init__(
        self,
        prior: Any,
        *,
        size: int | None = None,
        graph: Literal["one", "each", "none"] = "one",
    ):
        self._event_shape = tuple(check_prior("prior", prior).event_shape)
        self._size = _whole_blocks(prior) if size is None else size
        signature = None
        if graph == "one":
            signature = [
                tf.TensorSpec((None, *self._event_shape), tf.complex64),
                tf.TensorSpec((None,), tf.float32),
            ]
        self._denoise = prior.denoise
        if graph != "none":
            # AutoGraph has nothing to do here, and reads source files again.
            self._denoise = tf.function(prior.denoise, signature, autograph=False)

    def __call__(self, y, no) -> tuple[np.ndarray, np.ndarray]:
        """Return h_hat and err_var."""
        check_amplitudes("y", y)
        check_noise_variance("no", no, zero=True)
        y = np.asarray(y, np.complex64)
        rows = y.reshape(-1, *self._event_shape)
        no = np.broadcast_to(np.asarray(no, np.float32), (len(rows),))
        size = len(rows) if self._size is None else self._size
        h_hat, err_var = in_chunks(self._denoise, rows, no, size=size)
        check_finite("h_hat of the prior", h_hat)
        check_finite("err_var of the prior", err_var)
        return h_hat.reshape(y.shape), err_var.reshape(y.shape)


def in_chunks(call: Callable, *arrays: np.ndarray, size: int) -> Any:
    """Return the arrays that ``call`` makes of some rows at a time, joined.

    Parameters
    ----------
    call
        Takes and returns arrays or tensors, one row for each of what it was given.
    arrays : [n, ...]
        What it takes.
    size
        Rows at a time; the last ones may be fewer.

    Returns
    -------
    tuple of [n, ...]

    Examples
    --------
    >>> in_chunks(lambda x: (x, -x), np.arange(3), size=2)
    (array([0, 1, 2]), array([ 0, -1, -2]))
    """
    parts = [
        call(*(array[i : i + size] for array in arrays))
        for i in range(0, len(arrays[0]), size)
    ]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _whole_blocks(prior: Any) -> int | None:
    block = getattr(prior, "block", 1)
    return block if block is None else max(_SIZE // block, 1) * block
