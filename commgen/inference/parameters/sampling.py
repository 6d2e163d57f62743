"""Posterior of any number of paths by HMC, NUTS or MALA of TensorFlow Probability."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_int
from commgen.inference.parameters._probability import load_mcmc
from commgen.inference.parameters.axis import Axis, check_snapshots
from commgen.inference.parameters.bounds import deterministic_crb
from commgen.inference.parameters.classical import maximum_likelihood
from commgen.inference.parameters.model import SignalModel

KERNELS = ("hmc", "nuts", "mala")
# Acceptance that adaptation aims at: Hoffman and Gelman, JMLR 15, 2014, for NUTS and
# HMC; Roberts and Rosenthal, J. R. Stat. Soc. B 60, 1998, for MALA.
_TARGETS = {"hmc": 0.75, "nuts": 0.75, "mala": 0.574}
# Few, since a narrow mode is close to a harmonic oscillator, which returns where it was
# after a full period.
_NUM_LEAPFROG = 3


@dataclass(frozen=True, eq=False)
class ChainSamples:
    """Samples of ``num_paths`` values, ascending over paths, and their diagnostics.

    Parameters
    ----------
    values : [n, num_chains, num_samples, num_paths], float
        In the unit of the axis.
    r_hat, ess : [n, num_paths], float
        Potential scale reduction (Gelman and Rubin), which should be below 1.05, and
        effective number of samples, all chains together.
    acceptance
        Fraction of proposals taken.
    """

    values: np.ndarray
    r_hat: np.ndarray
    ess: np.ndarray
    acceptance: float

    @property
    def flat(self) -> np.ndarray:
        """All chains in one, [n, num_chains * num_samples, num_paths]."""
        n, chains, length, paths = self.values.shape
        return self.values.reshape(n, chains * length, paths)

    def mean(self) -> np.ndarray:
        """Return posterior means, [n, num_paths]."""
        return self.flat.mean(axis=1)

    def covariance(self) -> np.ndarray:
        """Return posterior covariances, [n, num_paths, num_paths]."""
        deviation = self.flat - self.mean()[:, None]
        return np.swapaxes(deviation, 1, 2) @ deviation / deviation.shape[1]


def sample_posterior(
    y,
    axis: Axis,
    model: SignalModel | None = None,
    *,
    num_paths: int = 1,
    kernel: str = "hmc",
    num_chains: int = 8,
    num_warmup: int = 300,
    num_samples: int = 400,
    seed: int,
) -> ChainSamples:
    """Sample values and, where they are unknown, SNRs; gains and noise are integrated.

    Chains start around different maxima of the likelihood, the more of them the
    greater a maximum: a chain that stays with its mode then still stands for it, as far
    as the widths of the modes are alike. Coordinates are standardised by the CRB at the
    best fit, so that one step size, adapted in the warm-up, suits all rows.

    Parameters
    ----------
    y : [n, num_snapshots, num_positions], complex
        Observations, n of them at once.
    axis, model
        As for :func:`~commgen.inference.parameters.grid_posterior`.
    num_paths
        Fewer than positions.
    kernel
        ``"hmc"`` (3 leapfrog steps), ``"nuts"`` or ``"mala"``, which is Langevin.
    num_chains, num_warmup, num_samples
        Chains a row, at least 2; steps of each that are thrown away and kept.
    seed
        One seed, one result.

    Returns
    -------
    ChainSamples

    Raises
    ------
    ImportError
        If TensorFlow Probability is not installed.
    TypeError, ValueError
        If y is not finite or of another shape, or an argument is out of range.
    """
    if kernel not in KERNELS:
        raise ValueError(f"kernel must be of {KERNELS}, got {kernel!r}.")
    y = check_snapshots(y, axis)
    check_int("num_paths", num_paths, low=1, high=axis.num_positions - 1)
    check_int("num_chains", num_chains, low=2)
    check_int("num_warmup", num_warmup, low=10)
    check_int("num_samples", num_samples, low=10)
    seed = check_int("seed", seed, low=0)
    mcmc = load_mcmc()
    model = SignalModel() if model is None else model
    target = _Target(y, axis, model, num_paths)
    start = target.start(num_chains, np.random.default_rng(seed))
    words = np.random.SeedSequence(seed).generate_state(2).astype(np.int32)
    lengths = (num_warmup, num_samples)
    states, accepted = _run(mcmc, target, start, kernel, lengths, words)
    values = np.sort(axis.to_value(target.to_x(states)), axis=-1)
    r_hat = mcmc.potential_scale_reduction(values, independent_chain_ndims=1)
    ess = _effective_sample_size(mcmc, values)
    return ChainSamples(
        np.transpose(values, (2, 1, 0, 3)),
        np.asarray(r_hat),
        np.asarray(ess),
        float(accepted),
    )


def _effective_sample_size(mcmc, values):
    logger = tf.get_logger()
    before = logger.level
    # Its Fourier transform drops an imaginary part of zero, of which TensorFlow warns.
    logger.setLevel(logging.ERROR)
    try:
        return mcmc.effective_sample_size(values, cross_chain_dims=1)
    finally:
        logger.setLevel(before)


def _run(mcmc, target, start, kernel, lengths, words):
    """States [num_samples, num_chains, n, dims], and the acceptance."""
    num_warmup, num_samples = lengths
    options: dict[str, Any] = {"step_size": np.float64(0.3)}
    if kernel == "hmc":
        options["num_leapfrog_steps"] = _NUM_LEAPFROG
        inner = mcmc.HamiltonianMonteCarlo(target.log_prob, **options)
    elif kernel == "nuts":
        inner = mcmc.NoUTurnSampler(target.log_prob, max_tree_depth=6, **options)
    else:
        # With one leapfrog step HMC is MALA (Neal, "MCMC using Hamiltonian dynamics",
        # 2011, section 5.2), and its step size can be adapted alike.
        options["num_leapfrog_steps"] = 1
        inner = mcmc.HamiltonianMonteCarlo(target.log_prob, **options)
    adapted = mcmc.DualAveragingStepSizeAdaptation(
        inner, int(0.8 * num_warmup), target_accept_prob=_TARGETS[kernel]
    )

    def trace(_, results):
        inner_results = results.inner_results
        log_ratio = inner_results.log_accept_ratio
        return tf.reduce_mean(tf.exp(tf.minimum(log_ratio, 0.0)))

    @tf.function(autograph=False)
    def chain(state, seed):
        return mcmc.sample_chain(
            num_samples,
            current_state=state,
            num_burnin_steps=num_warmup,
            kernel=adapted,
            trace_fn=trace,
            seed=seed,
        )

    states, accepted = chain(tf.constant(start), tf.constant(words))
    return states.numpy(), np.mean(accepted.numpy())


class _Target:
    """Log posterior in standardised coordinates, and where chains start.

    Coordinates of a row are logits of the values within their prior over a scale, then
    logits of log SNRs within theirs, if they are unknown.
    """

    def __init__(self, y, axis, model, num_paths):
        self._axis, self._model, self._num_paths = axis, model, num_paths
        self._y = y
        self._low = float(axis.low)
        self._length = float(axis.high - axis.low)
        self._samples_snr = model.power is None or model.no is None
        self._snr_dims = 0
        if self._samples_snr:
            self._snr_dims = num_paths if model.power is None else 1
        self._fits = maximum_likelihood(
            y, axis, num_paths, num_starts=3, return_all=True
        )
        self._centre = np.zeros((len(y), self._snr_dims))
        self._scale = self._scales()

    def start(self, num_chains, rng) -> np.ndarray:
        """Return starts [num_chains, n, dims], overdispersed around the modes."""
        fits = self._fits
        shape = (num_chains, len(fits), self._num_paths)
        chosen = np.empty(shape)
        logs = self._mode_logs()
        for i, row in enumerate(logs):
            mass = np.exp(row - row.max())
            picks = rng.choice(len(row), num_chains, p=mass / mass.sum())
            chosen[:, i] = fits[i, picks]
        z = self._to_z(chosen) + 1.5 * self._scale[..., : self._num_paths] * rng.normal(
            size=shape
        )
        parts = [z]
        if self._snr_dims:
            noise = rng.normal(size=(*shape[:2], self._snr_dims))
            spread = 1.5 * self._scale[..., self._num_paths :]
            parts.append(self._centre + spread * noise)
        return np.concatenate(parts, -1) / self._scale

    def to_x(self, states) -> np.ndarray:
        """Return x of states [..., n, dims]."""
        z = (states * self._scale)[..., : self._num_paths]
        value = self._low + self._length / (1 + np.exp(-z))
        return self._axis.to_x(value)

    def log_prob(self, states):
        """Return the log posterior density of states [num_chains, n, dims]."""
        z = states * self._scale
        z_x, z_snr = z[..., : self._num_paths], z[..., self._num_paths :]
        value = self._low + self._length * tf.sigmoid(z_x)
        prior = _log_logistic(z_x) + _log_logistic(z_snr)
        x = tf.sin(value * (np.pi / 180)) if self._axis.kind == "angle" else value
        return prior + self._log_likelihood(x, z_snr)

    def _log_likelihood(self, x, z_snr):
        model, shape = self._model, self._y.shape[1:]
        centred = self._axis.positions - self._axis.positions.mean()
        phase = (2 * np.pi) * x[..., None] * centred
        a = tf.complex(tf.cos(phase), -tf.sin(phase))
        # [chains, n, num_paths, T], and the Gram matrix of the exponentials.
        z = tf.matmul(a, np.swapaxes(self._y, 1, 2)[None])
        gram = tf.matmul(a, a, adjoint_b=True)
        rho, no = self._rho_and_no(z_snr)
        ridge = tf.linalg.diag(1 / rho)
        S = gram + tf.complex(ridge, tf.zeros_like(ridge))
        L = tf.linalg.cholesky(S)
        white = tf.linalg.triangular_solve(L, z)
        quadratic = tf.reduce_sum(tf.math.real(white * tf.math.conj(white)), (-2, -1))
        diagonal = tf.math.real(tf.linalg.diag_part(L))
        log_det = tf.reduce_sum(2 * tf.math.log(diagonal) + tf.math.log(rho), -1)
        energy = np.sum(np.abs(self._y) ** 2, axis=(1, 2))
        size = shape[0] * shape[1]
        left = tf.maximum(energy - quadratic, 1e-14 * energy)
        value = -shape[0] * log_det
        if no is None:
            return value - (model.noise_shape + size) * tf.math.log(
                model.noise_scale + left
            )
        log_no = tf.math.log(no)
        value -= left / no + size * log_no
        if model.no is None:
            value -= model.noise_shape * log_no + model.noise_scale / no
        return value

    def _rho_and_no(self, z_snr):
        """SNRs [..., num_paths], and noise variances [...] or None if integrated."""
        model = self._model
        if not self._snr_dims:
            rho = np.full(self._num_paths, float(model.power) / float(model.no))
            return tf.constant(rho), tf.constant(float(model.no), tf.float64)
        low, high = model.log_rho_range
        rho = tf.exp(low + (high - low) * tf.sigmoid(z_snr))
        if model.power is None:
            no = None if model.no is None else tf.constant(model.no, tf.float64)
            return rho, no
        no = model.power / rho[..., 0]
        return tf.repeat(rho, self._num_paths, axis=-1), no

    def _to_z(self, value):
        part = np.clip((value - self._low) / self._length, 1e-4, 1 - 1e-4)
        return np.log(part / (1 - part))

    def _scales(self):
        """Return standard deviations of the coordinates of each row, [n, dims]."""
        scale = np.ones((len(self._y), self._num_paths + self._snr_dims))
        for i, (row, fit) in enumerate(zip(self._y, self._fits[:, 0], strict=True)):
            x = self._axis.to_x(fit)
            A = self._axis.exponentials(x).T
            gains, *_ = np.linalg.lstsq(A, row.T, rcond=None)
            no = np.mean(np.abs(row.T - A @ gains) ** 2)
            no += 1e-12 * np.mean(np.abs(row) ** 2)
            crb = np.diag(deterministic_crb(self._axis, x, gains, no))
            part = np.clip((fit - self._low) / self._length, 0.05, 0.95)
            sigma = np.sqrt(crb) * self._axis.slope(x) / self._length
            scale[i, : self._num_paths] = np.minimum(sigma / (part * (1 - part)), 1.0)
            if self._snr_dims:
                centre, width = self._snr_guess(gains, no, row.shape)
                self._centre[i], scale[i, self._num_paths :] = centre, width
        return scale

    def _snr_guess(self, gains, no, shape):
        """Logits of the log SNRs of a fit within their prior, and their spread."""
        low, high = self._model.log_rho_range
        power = self._model.power
        no = no if self._model.no is None else self._model.no
        if power is None:
            power, freedom = np.mean(np.abs(gains) ** 2, axis=1), shape[0]
        else:
            freedom = shape[0] * shape[1]
        part = np.clip((np.log(power / no) - low) / (high - low), 0.05, 0.95)
        width = 1 / (np.sqrt(freedom) * (high - low) * part * (1 - part))
        return np.log(part / (1 - part)), np.minimum(width, 1.0)

    def _mode_logs(self):
        """Logarithm of the likelihood at each local fit, gains and noise fitted too."""
        fits = self._fits
        energy = np.sum(np.abs(self._y) ** 2, axis=(1, 2))
        logs = np.empty(fits.shape[:2])
        size = self._y.shape[1] * self._y.shape[2]
        for i, j in np.ndindex(*logs.shape):
            A = self._axis.exponentials(self._axis.to_x(fits[i, j])).T
            Q, _ = np.linalg.qr(A)
            left = energy[i] - np.sum(np.abs(Q.conj().T @ self._y[i].T) ** 2)
            left = max(left, 1e-14 * energy[i])
            no = self._model.no
            logs[i, j] = -left / no if no is not None else -size * np.log(left)
        # Starts that ended in one maximum count once.
        step = 1e-3 * self._length
        for j in range(1, fits.shape[1]):
            near = np.abs(fits[:, j, None] - fits[:, :j]).max(-1).min(-1) < step
            logs[near, j] = -np.inf
        return logs


def _log_logistic(z):
    """Log density of logits whose sigmoid is uniform, summed over the last axis."""
    return tf.reduce_sum(tf.math.log_sigmoid(z) + tf.math.log_sigmoid(-z), -1)
