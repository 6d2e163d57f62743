"""Several users whose pilots overlap, each with a mixture of its own."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from commgen._checks import check_int
from commgen.generative.mixture.parts import Mixture
from commgen.generative.model import Posterior
from commgen.inference.observation.linear import LinearObservation
from commgen.inference.observation.prior import check_mixture


def infer_users(
    prior,
    y,
    observation: LinearObservation,
    *,
    num_sweeps: int = 40,
    num_warmup: int = 10,
    seed: int = 0,
) -> Posterior:
    r"""Posterior of several independent users under overlapping observations.

    With K components a user the exact posterior is a mixture of K^U. Here the
    components :math:`k_u` are drawn in turn given those of the others (Gibbs),

    .. math:: p(k_u\,|\,y, k_{-u}) \propto w_{k_u}\,\mathcal{CN}\Big(y; 0,
        \sum_v A_v R_{k_v} A_v^\mathsf{H} + N_0 C\Big)

    while all channels stay integrated over, and what is averaged over the sweeps is the
    posterior of h_u given the others' components, over all of its own (Liu, *Monte
    Carlo Strategies in Scientific Computing*, 2001, sec. 6.6 and 2.5). It converges to
    the exact posterior with the sweeps; with orthogonal pilots it is exact from the
    first.

    Parameters
    ----------
    prior
        A Gaussian mixture of one user's channel, or a list of one for each user.
    y, observation
        As :func:`~commgen.inference.observation.infer`, of events ``(num_users,
        *event_shape)``, such as :meth:`LinearObservation.users`.
    num_sweeps
        Sweeps over all users that are averaged.
    num_warmup
        Sweeps before.
    seed
        Of the draws.

    Returns
    -------
    Posterior
        Of all users, [batch, num_users, *event_shape].

    Raises
    ------
    ValueError
        If the priors are of other channels, or not one for each user, or as
        :meth:`LinearObservation.whiten`.
    TypeError
        If a prior is no mixture.
    """
    num_users, *one = observation.event_shape
    priors = list(prior) if isinstance(prior, list | tuple) else [prior] * num_users
    if len(priors) != num_users:
        raise ValueError(f"prior must be {num_users} as users, got {len(priors)}.")
    mixtures = [check_mixture("prior", p, tuple(one)) for p in priors]
    check_int("num_sweeps", num_sweeps, low=1)
    check_int("num_warmup", num_warmup, low=0)
    y, A, no = observation.whiten(y)
    A = observation.matrix() if A is None else A
    tables = _tables(mixtures, np.split(A, num_users, axis=1))
    rng = np.random.default_rng(seed)
    moments = [
        _Gibbs(tables, row, level).run(num_warmup, num_sweeps, rng)
        for row, level in zip(y, no, strict=True)
    ]
    mean, err_var = (np.stack(part) for part in zip(*moments, strict=True))
    shape = (len(y), num_users, *one)
    return Posterior(
        mean.reshape(shape).astype(np.complex64),
        err_var.reshape(shape).astype(np.float32),
    )


@dataclass(frozen=True, eq=False)
class _User:
    """Of one user: log-weights, and factors F of its covariances R = F F^H."""

    log_weights: np.ndarray
    factors: np.ndarray
    seen: np.ndarray
    power: np.ndarray


def _tables(mixtures: list[Mixture], blocks) -> list[_User]:
    users = []
    for mixture, A in zip(mixtures, blocks, strict=True):
        parts = [mixture.component(k) for k in range(len(mixture.log_weights))]
        values, vectors = np.linalg.eigh(np.stack([c.matrix() for c in parts]))
        factors = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        power = np.stack([c.diagonal() for c in parts])
        users.append(_User(mixture.log_weights, factors, A @ factors, power))
    return users


class _Gibbs:
    """Draws of the users' components for one observation."""

    def __init__(self, users: list[_User], y, no):
        self._users, self._y, self._no = users, y, no

    def run(self, num_warmup, num_sweeps, rng):
        """Return mean and variance of all users, [num_users, size]."""
        users = self._users
        first, second = [], []
        k = [int(np.argmax(user.log_weights)) for user in users]
        for sweep in range(num_warmup + num_sweeps):
            means, powers = [], []
            for u, user in enumerate(users):
                mean, power, p = self._given_others(u, k)
                k[u] = int(rng.choice(len(user.log_weights), p=p))
                means.append(mean)
                powers.append(power)
            if sweep >= num_warmup:
                first.append(means)
                second.append(powers)
        mean = np.mean(first, axis=0)
        return mean, np.maximum(np.mean(second, axis=0) - np.abs(mean) ** 2, 0)

    def _given_others(self, u, k):
        """Return E[h_u], E|h_u|^2 and p(k_u) given y and the others' components."""
        C = self._no * np.eye(len(self._y), dtype=complex)
        for v, other in enumerate(self._users):
            if v != u:
                B = other.seen[k[v]]
                C += B @ B.conj().T
        user, L = self._users[u], np.linalg.cholesky(C)
        z = np.linalg.solve(L, self._y)
        K, num_obs, size = user.seen.shape
        flat = np.linalg.solve(L, user.seen.transpose(1, 0, 2).reshape(num_obs, -1))
        B = flat.reshape(num_obs, K, size).transpose(1, 0, 2)
        # In the coordinates x ~ CN(0, I) of h = F x: precision M, and M mean = B^H z.
        M = np.swapaxes(B, 1, 2).conj() @ B + np.eye(size)
        pulled = np.swapaxes(B, 1, 2).conj() @ z
        T = np.linalg.cholesky(M)
        half = np.linalg.solve(T, pulled[..., None])
        log_det = 2 * np.sum(np.log(np.diagonal(T, axis1=1, axis2=2).real), axis=1)
        log_joint = user.log_weights - log_det + np.sum(np.abs(half) ** 2, axis=(1, 2))
        p = softmax(log_joint)
        near = np.flatnonzero(p > 1e-6)
        spread = np.linalg.solve(T[near], np.swapaxes(user.factors[near], 1, 2).conj())
        means = np.sum(np.conj(spread) * half[near], axis=1)
        powers = np.sum(np.abs(spread) ** 2, axis=1) + np.abs(means) ** 2
        share = p[near] / p[near].sum()
        return share @ means, share @ powers, p
