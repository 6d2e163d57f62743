"""What a base station believes that has seen some antennas of each user."""

from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.phy.beams.belief import Belief

# Draws of a prior that cannot tell the covariance of its error itself.
_LEAST_DRAWS = 64


def infer_belief(
    prior: Any,
    y: np.ndarray,
    antennas: np.ndarray,
    no: Any,
    *,
    num_samples: int,
    seed: int,
) -> Belief:
    r"""Infer channels of which some antennas were seen in noise, user by user.

    Users are independent of each other, and their pilots do not meet:
    :math:`y_k = h_k[\mathrm{antennas}_k] + n_k`. A prior with ``error_covariance``, a
    mixture, tells the covariance of the error exactly; of another it is that of draws,
    at least 64.

    Parameters
    ----------
    prior : :class:`~commgen.generative.model.Prior`
        Of one user's channel, of event shape (num_tx_ant,).
    y : [batch, num_users, num_obs], complex
        What was received.
    antennas : [batch, num_users, num_obs], int
        Which antennas were seen, of each user once.
    no : float, or [batch]
        Noise variance of the observations.
    num_samples
        Draws of each channel, for precoders that average over them.
    seed
        Of the draws.

    Returns
    -------
    Belief
        Mean, covariance of the error, and samples, of users of one antenna.

    Raises
    ------
    ValueError
        If the prior is of another event shape than one line of antennas, an antenna is
        none of its own, or seen twice, shapes differ, or as of ``prior.posterior``.

    Examples
    --------
    >>> from commgen.generative import GaussianMixture
    >>> prior = GaussianMixture((4,), 1)
    >>> y = np.ones([1, 2, 1], np.complex64)
    >>> seen = np.array([[[0], [3]]])
    >>> belief = infer_belief(prior, y, seen, 1.0, num_samples=8, seed=1)
    >>> belief.mean.numpy().real.round(2).tolist()
    [[[[0.5, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 0.5]]]]
    """
    y, antennas = np.asarray(y), np.asarray(antennas)
    num_ant = _check(prior, y, antennas)
    check_int("num_samples", num_samples, low=1)
    batch, num_users = y.shape[:2]
    no = np.broadcast_to(np.asarray(no, np.float64), (batch,))
    seeds = np.random.SeedSequence(seed).generate_state(batch * num_users)
    found = [
        _one_user(prior, y[b, u], antennas[b, u], no[b], num_samples, int(own))
        for (b, u), own in zip(np.ndindex(batch, num_users), seeds, strict=True)
    ]
    mean, cov, samples = (np.stack(part) for part in zip(*found, strict=True))
    shape = (batch, num_users, 1, num_ant)
    samples = samples.swapaxes(0, 1).reshape(num_samples, *shape)
    cov = cov.reshape(batch, num_users, num_ant, num_ant)
    return Belief.of(mean.reshape(shape), cov, samples)


def _one_user(prior, y, antennas, no, num_samples, seed):
    """Return mean [n], covariance [n, n] and samples [num_samples, n] of a channel."""
    A = np.eye(prior.event_shape[0])[antennas]
    exact = hasattr(prior, "error_covariance")
    draws = num_samples if exact else max(num_samples, _LEAST_DRAWS)
    found = prior.posterior(y[None], A, float(no), num_samples=draws, seed=seed)
    mean, samples = found.mean[0], found.samples[:, 0]
    if exact:
        cov = prior.error_covariance(y[None], A, float(no))[0]
    else:
        errors = samples - mean
        cov = errors.T @ errors.conj() / len(errors)
    return mean, cov, samples[:num_samples]


def _check(prior, y, antennas) -> int:
    if len(prior.event_shape) != 1:
        raise ValueError(
            f"prior must be of a line of antennas, (n,), got {prior.event_shape}."
        )
    n = prior.event_shape[0]
    if y.ndim != 3 or y.shape != antennas.shape or 0 in y.shape:
        raise ValueError(
            "y and antennas must both be [batch, num_users, num_obs], got "
            f"{y.shape} and {antennas.shape}."
        )
    if not np.issubdtype(antennas.dtype, np.integer):
        raise ValueError(f"antennas must be integers, got dtype {antennas.dtype}.")
    if antennas.min() < 0 or antennas.max() >= n:
        raise ValueError(
            f"antennas must be of 0 to {n - 1}, got {antennas.min()} to "
            f"{antennas.max()}."
        )
    ordered = np.sort(antennas, axis=-1)
    if (ordered[..., 1:] == ordered[..., :-1]).any():
        raise ValueError("antennas must be seen once by each user, got one twice.")
    return n
