"""Linear observations y = A h + n: what is checked, and which are direct ones."""

from typing import Any

import numpy as np

from commgen._checks import (
    FLOAT_RANGE,
    check_amplitudes,
    check_noise_variance,
)


def check_observation(y: Any, A: Any, noise_cov: Any, event_shape: Any) -> Any:
    """Check and flatten a linear observation y = A h + n.

    Parameters
    ----------
    y : [batch, *event_shape] if ``A`` is None, else [batch, num_obs], complex
        Observations.
    A : [num_obs, event_size], complex, or None
        Observation matrix on the flattened channel (C order); None observes all.
    noise_cov : float, or [batch], or [num_obs, num_obs]
        Noise variance, or one for each observation of the batch, or a Hermitian
        positive definite covariance matrix.
    event_shape
        Shape of one channel.

    Returns
    -------
    y : [batch, num_obs], complex128
    A : [num_obs, event_size], complex128, or None
    no : [batch], float64, or None where a matrix was given
    noise_cov : [num_obs, num_obs], complex128, or None where variances were given

    Raises
    ------
    ValueError
        If shapes disagree, an entry is not finite or out of ``FLOAT_RANGE``, or the
        covariance is not Hermitian positive definite.
    """
    size = int(np.prod(event_shape))
    y = np.asarray(y)
    if A is None:
        if y.shape[1:] != tuple(event_shape) or len(y) == 0:
            raise ValueError(
                f"y must be [batch, {', '.join(map(str, event_shape))}], got {y.shape}."
            )
        y = y.reshape(len(y), size)
    else:
        A = np.asarray(A, dtype=np.complex128)
        if A.ndim != 2 or A.shape[1] != size or A.shape[0] == 0:
            raise ValueError(f"A must be [num_obs, {size}], got {A.shape}.")
        check_matrix("A", A)
        if y.ndim != 2 or y.shape[1] != A.shape[0] or len(y) == 0:
            raise ValueError(f"y must be [batch, {A.shape[0]}] as A, got {y.shape}.")
    check_amplitudes("y", y)
    no, cov = _check_noise(noise_cov, len(y), y.shape[1])
    return y.astype(np.complex128), A, no, cov


def check_matrix(name: str, A: np.ndarray) -> None:
    """Raise if a matrix is not finite, or its entries are out of ``FLOAT_RANGE``.

    A matrix of zeros shows nothing, and is one.
    """
    check_amplitudes(name, A)
    largest = float(np.abs(A).max(initial=0.0))
    if 0 < largest < FLOAT_RANGE[0]:
        raise ValueError(
            f"{name} must have an entry of at least {FLOAT_RANGE[0]:g}, or be all "
            f"zero, got {largest:g}."
        )


def _check_noise(noise_cov, batch, num_obs):
    noise = np.asarray(noise_cov)
    if noise.ndim == 0:
        return np.full(batch, check_noise_variance("noise_cov", noise)), None
    if noise.ndim == 1:
        if len(noise) != batch:
            raise ValueError(f"noise_cov must be [{batch}] as y, got {noise.shape}.")
        return check_noise_variance("noise_cov", noise), None
    check_amplitudes("noise_cov", noise)
    if noise.shape != (num_obs, num_obs):
        raise ValueError(
            f"noise_cov must be a number, [{batch}] or [{num_obs}, {num_obs}], "
            f"got {noise.shape}."
        )
    noise = noise.astype(np.complex128)
    if not np.allclose(noise, noise.conj().T, rtol=1e-5, atol=1e-12):
        raise ValueError("noise_cov must be Hermitian.")
    lowest = np.linalg.eigvalsh(noise)[0]
    if lowest <= 0:
        raise ValueError(
            f"noise_cov must be positive definite, its least eigenvalue is "
            f"{lowest:.3g}."
        )
    return None, noise


def as_direct(y, A, noise_cov: Any, event_shape) -> Any:
    """Reduce y = A h + n to y' = h + n' with white n', where that loses nothing.

    Parameters
    ----------
    y, A, noise_cov, event_shape
        As :func:`~commgen.generative.observation.check_observation`, which checks them.

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
        y, no = y @ A.conj() / gain, check_noise_variance("noise_cov", no / gain)
    return y.astype(np.complex64).reshape(-1, *event_shape), no.astype(np.float32)
