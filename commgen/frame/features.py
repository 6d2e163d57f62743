"""What a neural receiver is shown of a slot, and the LLRs that it corrects."""

import numpy as np
from numpy.typing import ArrayLike

from commgen.frame.frame import Frame
from commgen.frame.llr import demap, equalize

MAX_LLR = 20.0  #: Greatest LLR that a network is shown; more is certain.
MAX_SYMBOL = 3.0  #: Greatest part of a symbol that it is shown, in deep fades.


def receiver_features(
    frame: Frame,
    y: np.ndarray,
    h_hat: np.ndarray,
    err_var: np.ndarray,
    no: ArrayLike,
) -> np.ndarray:
    """Return the input of a receiver network, whatever estimated the channel.

    Parameters
    ----------
    frame
        The grid.
    y : [batch, T, F], complex64
        Received grids.
    h_hat, err_var
        Of any :class:`~commgen.frame.estimator.FrameEstimator`.
    no : scalar or [batch], float
        Noise variance, above 0.

    Returns
    -------
    z : [batch, T, F, 8 + num_bits_per_symbol], float32
        Of each element: 1 for data and 0 for a pilot; log10 of the noise variance; real
        and imaginary part of what was received, of the channel, and of the equalised
        symbol, held within 3; the LLRs, held within 20.
    """
    no = np.asarray(no, np.float32).reshape(-1, 1, 1)
    x_hat, no_eff = equalize(y, h_hat, no + err_var)
    z = np.empty((*y.shape, 8 + frame.num_bits_per_symbol), np.float32)
    z[..., 0] = ~frame.pilot_mask
    z[..., 1] = np.log10(no)
    for i, values in enumerate((y, h_hat, x_hat)):
        z[..., 2 + 2 * i], z[..., 3 + 2 * i] = values.real, values.imag
    np.clip(z[..., 6:8], -MAX_SYMBOL, MAX_SYMBOL, out=z[..., 6:8])
    llr = demap(x_hat, no_eff, frame.symbols)
    np.clip(llr, -MAX_LLR, MAX_LLR, out=z[..., 8:])
    return z
