"""What a model that removes white noise at every level can also do."""

from abc import abstractmethod
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.generative._untyped import tf
from commgen.generative.additive import mean
from commgen.generative.chunks import ChunkedDenoiser, in_chunks
from commgen.generative.denoising.augmented import Completion, augmented_samples
from commgen.generative.denoising.calibration import SNR_GRID_DB, SnrTable
from commgen.generative.denoising.reverse import falling_levels, reverse_samples
from commgen.generative.denoising.solver import MOST_STEPS
from commgen.generative.mixture.draw import MixtureDeviation
from commgen.generative.mixture.filter import mixture_samples
from commgen.generative.model import (
    Posterior,
    Prior,
    check_channels,
    check_condition,
    check_num_samples,
)
from commgen.generative.network import NetworkModel
from commgen.generative.noisy_examples import SNR_RANGE_DB
from commgen.generative.observation import check_observation
from commgen.measures.decibel import noise_variance

_LEAST_NO, _MOST_NO = (noise_variance(db) for db in reversed(SNR_RANGE_DB))
_DIRECT_STEPS = 2
_LEAST_CHAINS = 64
_CHUNK = 256
# Where chains begin to complete a channel: with a mixture's draw, and with nothing.
_WARM, _HOT = 0.3, 10.0


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

    #: Steps of the chains that complete a channel of which a part was observed.
    num_posterior_steps = 12

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
        return h_hat, err_var * self._scale(no)

    def _denoise_under(self, y, no, condition) -> Any:
        """As :meth:`_denoise`, under conditions [batch, num_conditions]."""
        raise ValueError(
            f"condition must be None, since estimates of {type(self).__name__} know "
            "none."
        )

    def _scaled_under(self, y, no, condition):
        h_hat, err_var = self._denoise_under(y, no, condition)
        return h_hat, err_var * self._scale(no)

    def _estimate_rows(self, x, no, condition):
        """Return mean and variance of h given x = h + n, [n, size], a chunk at a time.

        Parameters
        ----------
        x : [n, size], complex
        no : [] or [n], float
        condition : [n, num_conditions], float32, or None
            In their own units.
        """
        if condition is None:
            return self._run(x, no)
        signature = (
            tf.TensorSpec((None, *self.event_shape), tf.complex64),
            tf.TensorSpec((None,), tf.float32),
            tf.TensorSpec((None, self.num_conditions), tf.float32),
        )
        rows = x.astype(np.complex64).reshape(-1, *self.event_shape)
        no = np.broadcast_to(np.asarray(no, np.float32), len(rows))
        call = self._graph("_scaled_under", signature)
        h_hat, err_var = in_chunks(call, rows, no, condition, size=_CHUNK)
        return h_hat.reshape(x.shape), err_var.reshape(x.shape)

    def _weights_under(self, condition):
        """Return the mixture's log-weights under conditions; None if it has none."""
        if condition is None or not self._mixture.num_conditions:
            return None
        return self._mixture.weights_under(condition)

    def _scale(self, no):
        """Return the factor of the error variance, [batch, 1, ...]."""
        log_scale = self.calibration(no)
        return tf.exp(tf.reshape(log_scale, (-1,) + (1,) * len(self.event_shape)))

    def calibration_sums(self, h, condition, seed):
        """As :meth:`NetworkModel.calibration_sums`, of errors at each noise level.

        Returns
        -------
        dict
            ``"count"``, of channels; ``"error"`` and ``"err_var"`` :
            [len(SNR_GRID_DB)], the squared errors and the promised ones, summed.
        """
        h = check_channels("h", h, self.event_shape).reshape(len(h), -1)
        table = self.calibration.table
        present = np.array(table)
        table.assign(np.zeros(len(SNR_GRID_DB)))
        try:
            sums = [self._errors(h, i, seed) for i in range(len(SNR_GRID_DB))]
        finally:
            table.assign(present)
        error, err_var = np.array(sums).T
        return {
            "count": np.array(float(len(h))),
            "error": error,
            "err_var": err_var,
        }

    def _errors(self, h, i, seed):
        """Return the errors and the promised ones, summed, at SNR number i."""
        rng = np.random.default_rng([seed, 2, i])
        no = noise_variance(SNR_GRID_DB[i])
        y = h + np.sqrt(no) * complex_normal(rng, h.shape)
        h_hat, err_var = self._run(y, no)
        return np.sum(np.abs(h_hat - h) ** 2), np.sum(err_var)

    def calibrate_sums(self, total):
        """Scale the error variance to the mean error at each noise level."""
        size = int(np.prod(self.event_shape))
        of_entries = {**total, "count": total["count"] * size}
        error, err_var = (mean(of_entries, name) for name in ("error", "err_var"))
        self.calibration.table.assign(np.log(error / err_var))

    @property
    def _run(self):
        """:class:`ChunkedDenoiser` : made once, so that it is traced once."""
        if getattr(self, "_denoiser", None) is None:
            self._denoiser = ChunkedDenoiser(self)
        return self._denoiser

    @property
    def _mixture(self) -> Any:
        """Mixture that nearly is the prior; None where a family has none."""
        return None

    @property
    def _deviation(self):
        """:class:`MixtureDeviation` of the mixture, made once; None without one."""
        if self._mixture is None:
            return None
        if getattr(self, "_mixture_deviation", None) is None:
            # Past Keras, as what it holds is no weight of this model.
            self.__dict__["_mixture_deviation"] = MixtureDeviation(self._mixture)
        return self.__dict__["_mixture_deviation"]

    def _step(self, x, no, rng, condition=None):
        """Draw h given x = h + n; return it with its mean and variance, [n, size].

        The draw deviates from the network's mean as one of the mixture does, scaled to
        the network's variance; without a mixture, as white noise of that variance.
        """
        h_hat, err_var = self._estimate_rows(x, no, condition)
        if self._deviation is None:
            deviation = np.sqrt(err_var) * complex_normal(rng, x.shape)
            return h_hat + deviation, h_hat, err_var
        weights = self._weights_under(condition)
        deviation, variance = self._deviation(x, no, rng, weights)
        scale = np.sqrt(err_var.mean(axis=1) / variance)
        return h_hat + scale[:, None] * deviation, h_hat, err_var

    def posterior(
        self,
        y,
        A=None,
        noise_cov: Any = 1.0,
        *,
        condition=None,
        num_samples: int | None = None,
        num_steps: int | None = None,
        seed: int = 0,
    ):
        """Infer channels from y = A h + n.

        Where A and the noise amount to y = h + n with white noise, one pass of the
        network gives mean and variance, and samples come from
        :func:`~commgen.generative.denoising.reverse.reverse_samples`. Else the
        posterior is sampled in any case
        (:func:`~commgen.generative.denoising.augmented.augmented_samples`), and mean
        and variance are those of at least 64 chains. Under a condition the network is
        told it in each pass; the scale of its variance is that measured without.

        Parameters
        ----------
        y, A, noise_cov, condition, num_samples, seed
            As :meth:`Prior.posterior`, and so is the result.
        num_steps
            Passes of the network in a sample; None for 2 under white noise, else for
            ``num_posterior_steps``.

        Raises
        ------
        ValueError
            If the observation is invalid, a number is out of range, the SNR outside
            ``SNR_RANGE_DB`` where one pass gives the answer, or the condition one that
            the family's estimates do not know.
        """
        y, A, no, cov = check_observation(y, A, noise_cov, self.event_shape)
        num_samples = check_num_samples(num_samples, (len(y), *self.event_shape))
        if num_steps is not None:
            check_int("num_steps", num_steps, low=1, high=MOST_STEPS)
        condition = check_condition(condition, len(y), self.num_conditions)
        shape = (len(y), *self.event_shape)
        rng = np.random.default_rng(seed)
        direct = None if no is None else _as_direct(y, A, no)
        if direct is not None:
            _check_snr(direct[1])
            mean, err_var = self._estimate_rows(*direct, condition)
            samples = None
            if num_samples:
                samples = self._reverse(*direct, condition, num_samples, num_steps, rng)
        else:
            scale = np.ones(len(y)) if no is None else 1 / np.sqrt(no)
            A = np.eye(y.shape[1]) if A is None else A
            if cov is not None:
                L = np.linalg.cholesky(cov)
                y, A = np.linalg.solve(L, y.T).T, np.linalg.solve(L, A)
            num_chains = max(num_samples, _LEAST_CHAINS)
            found = self._complete(y, A, scale, condition, num_chains, num_steps, rng)
            samples, mean, err_var = found
            samples = samples[:num_samples] if num_samples else None
        if samples is not None:
            samples = samples.reshape(num_samples, *shape).astype(np.complex64)
        return Posterior(
            mean.reshape(shape).astype(np.complex64),
            err_var.reshape(shape).astype(np.float32),
            samples,
        )

    def _reverse(self, y, no, condition, num_samples, num_steps, rng):
        """Draw from the posterior under white noise, [num_samples * n, size]."""
        y, no = np.tile(y, (num_samples, 1)), np.tile(no, num_samples)
        condition = _tiled(condition, num_samples)
        return reverse_samples(
            lambda x, level: self._step(x, level, rng, condition)[0],
            y,
            falling_levels(no, num_steps or _DIRECT_STEPS, _LEAST_NO),
            lambda: complex_normal(rng, y.shape),
        )

    def _complete(self, y, A, scale, condition, num_chains, num_steps, rng):
        """Sample the posterior under A; return samples, mean and variance."""
        seen = Completion.of(y, A, scale)
        last = np.clip(seen.largest_split(), _LEAST_NO, _MOST_NO)
        num_steps = num_steps or self.num_posterior_steps
        if self._mixture is None:
            first, h = _HOT, np.zeros((num_chains * len(y), A.shape[1]), np.complex64)
        else:
            first = _WARM
            start = mixture_samples(
                self._mixture.mixture,
                y,
                A,
                1 / scale**2,
                num_chains,
                int(rng.integers(2**31)),
                self._weights_under(condition),
            )
            h = start.reshape(-1, A.shape[1])
        splits = np.tile(_cooling(last, first, num_steps), num_chains)
        condition = _tiled(condition, num_chains)
        return augmented_samples(
            lambda x, level: self._step(x, level, rng, condition),
            seen.tiled(num_chains),
            h,
            splits,
            lambda: complex_normal(rng, h.shape),
            num_chains,
        )


def _tiled(condition, num):
    """Return the conditions of ``num`` chains of each observation, chains first."""
    return None if condition is None else np.tile(condition, (num, 1))


def _cooling(last, first, num_steps):
    """Return levels that fall from ``first``, if it is above, and stay at ``last``."""
    num_falling = num_steps // 2
    ramp = np.clip(np.arange(num_steps) / max(num_falling, 1), 0, 1)[:, None]
    return last * (np.maximum(first / last, 1)) ** (1 - ramp)


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
