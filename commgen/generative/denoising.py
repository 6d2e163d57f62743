"""What a model that removes white noise at every level can also do."""

from abc import abstractmethod
from functools import partial
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.generative._untyped import tf
from commgen.generative.calibration import SNR_GRID_DB, SnrTable
from commgen.generative.flat import FlatDenoiser
from commgen.generative.guided import guided_samples, noise_levels
from commgen.generative.model import Posterior, Prior, check_observation
from commgen.generative.network import NetworkModel
from commgen.generative.noising import SNR_RANGE_DB


class DenoisingModel(NetworkModel, Prior):
    """Network family that estimates in one pass, and what follows from that.

    A family gives :meth:`_denoise`. Here its error variance is scaled, noise level by
    noise level, to the error measured on validation channels, and the posterior of any
    linear observation is sampled.

    Parameters
    ----------
    event_shape, num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`.
    """

    #: Noise levels of a posterior sample: with fewer, samples spread too little.
    num_posterior_steps = 48

    def __init__(self, event_shape, num_conditions=0, *, name=None):
        super().__init__(event_shape, num_conditions, name=name)
        self.calibration = SnrTable()

    @abstractmethod
    def _denoise(self, y, no) -> Any:
        """Estimate as :meth:`denoise` does, before calibration; no : [batch]."""

    def denoise(self, y, no):
        """As :meth:`Prior.denoise`: one pass of the network, whatever the condition."""
        y = tf.cast(y, tf.complex64)
        no = tf.broadcast_to(tf.cast(no, tf.float32), tf.shape(y)[:1])
        h_hat, err_var = self._denoise(y, no)
        scale = tf.reshape(self.calibration(no), (-1,) + (1,) * len(self.event_shape))
        return h_hat, err_var * tf.exp(scale)

    def _finish(self, h, condition, seed):
        """Scale the error variance to the mean error on ``h`` at each noise level."""
        self.calibration.table.assign(np.zeros(len(SNR_GRID_DB)))
        h = h.reshape(len(h), -1)
        scale = []
        for i, snr_db in enumerate(SNR_GRID_DB):
            rng = np.random.default_rng([seed, 2, i])
            no = 10 ** (-snr_db / 10)
            y = h + np.sqrt(no) * complex_normal(rng, h.shape)
            h_hat, err_var = self._flat.denoise(y, no)
            error = np.abs(h_hat - h) ** 2
            scale.append(np.log(error.mean() / err_var.mean()))
        self.calibration.table.assign(scale)

    @property
    def _flat(self):
        """:class:`FlatDenoiser` : made once, so that it is traced once."""
        if getattr(self, "_flat_denoiser", None) is None:
            self._flat_denoiser = FlatDenoiser(self)
        return self._flat_denoiser

    def _levels(self, num_steps):
        low, high = (10 ** (-db / 20) for db in reversed(SNR_RANGE_DB))
        return noise_levels(low, high, num_steps)

    def posterior(self, y, A=None, noise_cov: Any = 1.0, *, num_samples=16, seed=0):
        """Infer channels from y = A h + n.

        Where A and the noise amount to y = h + n with white noise, one pass of the
        network gives mean and variance, and there are no samples. Else the posterior
        is sampled (see :func:`~commgen.generative.guided.guided_samples`): mean and
        variance are those of the samples, and approximate.

        Parameters
        ----------
        y, A, noise_cov
            As :func:`~commgen.generative.model.check_observation`.
        num_samples
            Samples for each observation, at least 2.
        seed
            Seed of the samples.

        Returns
        -------
        Posterior
            With samples where A is not orthonormal or the noise is not white.

        Raises
        ------
        ValueError
            If the observation is invalid, or the SNR outside ``SNR_RANGE_DB`` where
            one pass gives the answer.
        """
        y, A, no, cov = check_observation(y, A, noise_cov, self.event_shape)
        check_int("num_samples", num_samples, low=2)
        shape = (len(y), *self.event_shape)
        direct = None if no is None else _as_direct(y, A, no)
        if direct is not None:
            _check_snr(direct[1])
            h_hat, err_var = self._flat.denoise(*direct)
            return Posterior(h_hat.reshape(shape), err_var.reshape(shape))
        A = np.eye(y.shape[1]) if A is None else A
        if cov is not None:
            L = np.linalg.cholesky(cov)
            y, A = np.linalg.solve(L, y.T).T, np.linalg.solve(L, A)
            groups = [(np.arange(len(y)), A, 1.0)]
        else:
            groups = [
                (np.flatnonzero(no == n), A / np.sqrt(n), 1 / np.sqrt(n))
                for n in np.unique(np.asarray(no))
            ]
        samples = np.empty((num_samples, len(y), A.shape[1]), np.complex64)
        rng = np.random.default_rng(seed)
        for rows, A_white, scale in groups:
            stacked = np.tile(y[rows] * scale, (num_samples, 1))
            drawn = guided_samples(
                self._flat.pull,
                stacked,
                A_white,
                partial(complex_normal, rng, (len(stacked), A.shape[1])),
                self._levels(self.num_posterior_steps),
            )
            samples[:, rows] = drawn.reshape(num_samples, len(rows), -1)
        err_var = samples.var(axis=0, ddof=1).reshape(shape)
        # The mean of S samples misses the posterior mean by 1/S of the variance.
        err_var = err_var * (1 + 1 / num_samples)
        return Posterior(
            samples.mean(axis=0).reshape(shape),
            err_var.astype(np.float32),
            samples.reshape(num_samples, *shape),
        )


def _as_direct(y, A, no):
    """Reduce to y' = h + n' with white n' if A^H A is a multiple of I, else None."""
    if A is None:
        return y, no
    gram = A.conj().T @ A
    scale = np.trace(gram).real / len(gram)
    if scale <= 0 or not np.allclose(gram / scale, np.eye(len(gram)), atol=1e-9):
        return None
    return y @ A.conj() / scale, no / scale


def _check_snr(no):
    snr_db = -10 * np.log10(no)
    low, high = SNR_RANGE_DB
    rounding = 1e-3  # a noise variance that was float32 once
    if snr_db.min() < low - rounding or snr_db.max() > high + rounding:
        raise ValueError(
            f"noise_cov must lie within the trained SNR of {low:g} to {high:g} dB, "
            f"got {snr_db.min():.1f} to {snr_db.max():.1f} dB."
        )
