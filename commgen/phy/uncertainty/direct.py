"""Which linear observations amount to y = h + n with white noise."""

from typing import Any

import numpy as np

from commgen.generative.model import check_observation


def as_direct(y, A, noise_cov: Any, event_shape) -> Any:
    """Reduce y = A h + n to y' = h + n' with white n', where that loses nothing.

    Parameters
    ----------
    y, A, noise_cov, event_shape
        As :func:`~commgen.generative.model.check_observation`, which checks them.

    Returns
    -------
    y' : [batch, *event_shape], complex64, and no : [batch], float32; or None
        None where the noise is not white or A^H A is no multiple of the identity.
    """
    y, A, no, cov = check_observation(y, A, noise_cov, event_shape)
    if no is None:
        level = float(np.trace(cov).real / len(cov))
        if not np.allclose(cov, level * np.eye(len(cov)), atol=1e-9 * level):
            return None
        no = np.full(len(y), level)
    if A is not None:
        gram = A.conj().T @ A
        gain = float(np.trace(gram).real / len(gram))
        if gain <= 0 or not np.allclose(gram / gain, np.eye(len(gram)), atol=1e-9):
            return None
        y, no = y @ A.conj() / gain, no / gain
    return y.astype(np.complex64).reshape(-1, *event_shape), no.astype(np.float32)
