"""Posterior of channels under a mixture, after looks of which each has its own."""

from typing import Any

import numpy as np
from scipy.special import logsumexp

from commgen._checks import check_finite, check_int, check_noise_variance
from commgen._random import complex_normal


class LookPosterior:
    r"""What single looks :math:`y_t = w_t^H h + n_t` tell, exact and one by one.

    Under each component of a Gaussian mixture the posterior is Gaussian. A look takes
    from its covariance :math:`C u u^H C / (w^H C w + N_0)`, and adds its log-density to
    that of the component: the Kalman filter with one observation at a time (Kay,
    *Estimation Theory*, 1993, eqs. 12.47-12.49), kept as the vectors that were taken.
    Looks may differ from channel to channel, as those of a search do.

    Parameters
    ----------
    prior : GaussianMixture
        Of channels of one axis, [num_ant].
    num_channels
        That are looked at; a hundred take 0.1 GB under 256 components after 8 looks.
    no
        Noise variance of a look of unit norm.
    log_weights : [num_channels, num_components], float, or None
        What was known of each channel before, such as its position or its last best
        beam, as logarithms of weights of the components; None for those of the prior.

    Raises
    ------
    ValueError
        If channels have more axes than one, or weights another shape.
    """

    def __init__(
        self, prior: Any, num_channels: int, *, no: float, log_weights: Any = None
    ):
        if len(prior.event_shape) != 1:
            raise ValueError(
                "prior must be of channels [num_ant], got event_shape "
                f"{tuple(prior.event_shape)}."
            )
        n = check_int("num_channels", num_channels, low=1)
        self.num_ant = int(prior.event_shape[0])
        self._no = float(check_noise_variance("no", no))
        mixture = prior.mixture
        k = len(mixture.log_weights)
        if log_weights is None:
            log_weights = np.tile(mixture.log_weights, (n, 1))
        self.log_p = np.array(log_weights, np.float64)
        if self.log_p.shape != (n, k):
            raise ValueError(f"log_weights must be [{n}, {k}], got {self.log_p.shape}.")
        self._normalise()
        parts = [mixture.component(i) for i in range(k)]
        self._C = np.stack([part.matrix() for part in parts]).astype(np.complex64)
        self._roots = [_root(part) for part in parts]
        self._mean = np.zeros((n, k, self.num_ant), np.complex64)
        self._taken = np.zeros((n, k, 0, self.num_ant), np.complex64)
        self._heard = np.zeros((n, k, 0, 0), np.complex64)
        self._w = np.zeros((n, 0, self.num_ant), np.complex64)

    def _normalise(self):
        self.log_p -= np.asarray(logsumexp(self.log_p, axis=1, keepdims=True))

    @property
    def num_channels(self) -> int:
        """Channels that are looked at."""
        return len(self.log_p)

    @property
    def num_looks(self) -> int:
        """Looks so far."""
        return self._w.shape[1]

    def tell(self, w: Any, y: Any) -> None:
        """Take a look into account.

        Parameters
        ----------
        w : [num_channels, num_ant], complex
            Its weights.
        y : [num_channels], complex
            What was heard.

        Raises
        ------
        ValueError
            If shapes do not fit, or an entry is not finite.
        """
        w, y = np.asarray(w, np.complex64), np.asarray(y, np.complex64)
        shape = (self.num_channels, self.num_ant)
        for name, value, wanted in (("w", w, shape), ("y", y, shape[:1])):
            if value.shape != wanted:
                raise ValueError(f"{name} must be {list(wanted)}, got {value.shape}.")
            check_finite(name, value)
        cross = np.einsum("kij,nj->nki", self._C, w, optimize=True)
        before = np.matmul(self._taken, w.conj()[:, None, :, None])[..., 0]
        cross -= np.matmul(before.conj()[:, :, None, :], self._taken)[:, :, 0]
        power = np.einsum("nj,nkj->nk", w.conj(), cross).real
        spread = np.maximum(power, 0) + self._no
        root = np.asarray(np.sqrt(spread))
        new = cross / root[..., None]
        gap = (y[:, None] - np.einsum("nj,nkj->nk", w.conj(), self._mean)) / root
        self._mean += new * gap[..., None]
        self.log_p -= np.log(spread) + np.abs(gap) ** 2
        self._normalise()
        self._keep(w, before, root, new)

    def _keep(self, w, before, root, new):
        """Add a look, what it took, and how it heard what others had taken."""
        self._taken = np.concatenate([self._taken, new[:, :, None, :]], axis=2)
        self._w = np.concatenate([self._w, w[:, None]], axis=1)
        t = self.num_looks - 1
        heard = np.zeros((*root.shape, t + 1, t + 1), np.complex64)
        heard[:, :, :t, :t] = self._heard
        heard[:, :, t, :t] = before
        heard[:, :, t, t] = root
        self._heard = heard

    def mean(self) -> np.ndarray:
        """Return the posterior mean, [num_channels, num_ant]."""
        return np.einsum("nk,nkj->nj", np.exp(self.log_p), self._mean)

    def draws(self, num_draws: int, rng: np.random.Generator) -> np.ndarray:
        """Draw from the posterior exactly, [num_channels, num_draws, num_ant].

        A draw of the prior is looked at as the channel was, and moved by what that
        tells of it and of the channel (Matheron's rule). Components come in the shares
        of their probabilities.
        """
        n, num = self.num_channels, check_int("num_draws", num_draws, low=1)
        edges = np.cumsum(np.exp(self.log_p), axis=1)[:, :-1]
        u = (np.arange(num) + rng.random((n, 1))) / num
        chosen = np.stack(
            [np.searchsorted(e, x) for e, x in zip(edges, u, strict=True)]
        ).ravel()
        order = np.argsort(chosen, kind="stable")
        out = np.empty((n * num, self.num_ant), np.complex64)
        starts = np.flatnonzero(np.diff(chosen[order], prepend=-1))
        for at in np.split(order, starts[1:]):
            out[at] = self._of_component(int(chosen[at[0]]), at // num, rng)
        return out.reshape(n, num, self.num_ant)

    def _of_component(self, k, rows, rng):
        """Draw one channel for each of ``rows`` from the posterior of component k."""
        root = self._roots[k]
        h = complex_normal(rng, (len(rows), len(root))) @ root
        noise = complex_normal(rng, (len(rows), self.num_looks))
        y = np.matmul(self._w[rows].conj(), h[..., None])[..., 0]
        y += np.float32(np.sqrt(self._no)) * noise
        heard, gap = self._heard[rows, k], np.empty_like(y)
        for t in range(self.num_looks):
            told = np.sum(heard[:, t, :t] * gap[:, :t], axis=1)
            gap[:, t] = (y[:, t] - told) / heard[:, t, t]
        moved = np.matmul(gap[:, None], self._taken[rows, k])[:, 0]
        return self._mean[rows, k] + h - moved


def _root(part: Any) -> np.ndarray:
    """Return B : [rank, num_ant] such that white rows times B have the covariance."""
    s, U = part.eigenvalues, part.eigenvectors
    if part.remainder > 0 and U.shape[1] < len(U):
        s, U = np.linalg.eigh(part.matrix())
    return (U * np.sqrt(np.maximum(s, 0))).T.astype(np.complex64)
