"""Posterior of an angle in one pass: a network that learned it from simulations."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_int, check_snr_db
from commgen.generative._untyped import keras, layers, ops
from commgen.generative.load import load_keras
from commgen.generative.training import Batches, TrainingConfig, fingerprint, train
from commgen.inference.parameters.axis import angle_axis, check_snapshots
from commgen.inference.parameters.simulate import draw_observations
from commgen.measures.decibel import noise_variance

TRAINING = TrainingConfig(num_epochs=12, batch_size=512, learning_rate=2e-3)
_NUM_NEWTON = 6
_FLOOR = 1e-3
_LOG_ROOT = float(0.5 * np.log(2 * np.pi))


@keras.saving.register_keras_serializable("commgen")
class AnglePosteriorNetwork(keras.Model):
    r"""Mixture density of u = sin(angle) given snapshots of a uniform linear array.

    For one path in white noise, sums along the diagonals of the sample covariance and
    its trace over N0 are sufficient; the network sees them, and whether N0 is known.
    Some components stand where dense layers put them. The others, 2 num_ant, climb the
    beam power from even starts by Newton's method, and have the weights and widths of
    Laplace's approximation there; the layers correct all of that. Components are
    normal, cut off at the ends of the prior (mixture density networks: Bishop,
    NCRG/94/004, 1994; posteriors learned from simulations: Papamakarios and Murray,
    NeurIPS 2016).

    Parameters
    ----------
    num_ant, num_snapshots
        Of the array; the network serves these alone.
    spacing, low_deg, high_deg
        As in :func:`~commgen.inference.parameters.angle_axis`.
    snr_low_db, snr_high_db
        Prior of the SNR, uniform in dB, that examples are drawn from.
    num_components
        Of the mixture, besides those that climb.
    width
        Of three dense layers.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.
    """

    def __init__(
        self,
        num_ant=8,
        num_snapshots=10,
        *,
        spacing=0.5,
        low_deg=-60.0,
        high_deg=60.0,
        snr_low_db=-10.0,
        snr_high_db=20.0,
        num_components=4,
        width=128,
        name=None,
    ):
        super().__init__(name=name)
        self.axis = angle_axis(
            num_ant, spacing=spacing, low_deg=low_deg, high_deg=high_deg
        )
        self.num_snapshots = check_int("num_snapshots", num_snapshots, low=1)
        check_snr_db("snr_low_db and snr_high_db", (snr_low_db, snr_high_db))
        if not snr_low_db < snr_high_db:
            raise ValueError(
                "snr_low_db must be below snr_high_db, got "
                f"{snr_low_db}, {snr_high_db}."
            )
        self.snr_range_db = (float(snr_low_db), float(snr_high_db))
        self.num_components = check_int("num_components", num_components, low=1)
        self.width = check_int("width", width, low=1)
        self._body = [layers.Dense(self.width, activation="gelu") for _ in range(3)]
        self._head = layers.Dense(4 * (self.num_components + 2 * num_ant) + 1)
        self.build((None, 2 * num_ant))

    def build(self, input_shape):
        """Make the weights."""
        size = input_shape[-1]
        for layer in [*self._body, self._head]:
            layer.build((None, size))
            size = self.width
        self.built = True

    def call(self, x):
        """Return logits, means and standard deviations : [n, num] each.

        num is num_components and 2 num_ant, for the start of each climb.

        Parameters
        ----------
        x : [n, 2 num_ant], float
            From :func:`angle_features`.
        """
        hidden = x
        for layer in self._body:
            hidden = layer(hidden)
        out = self._head(hidden)
        logits, start, shift, spread = ops.split(out[:, :-1], 4, axis=-1)
        # How far the likelihood at the best fit of the noise counts.
        trust = 2 * ops.sigmoid(out[:, -1:])
        low, high = self._ends
        num = self.num_components
        top, width, base = self._climb(x)
        free = low + (high - low) * ops.sigmoid(start[:, :num])
        u = ops.concatenate([free, top], axis=-1)
        sigma = ops.concatenate(
            [ops.full_like(free, 0.1 * (high - low)), width], axis=-1
        )
        logits = logits + ops.concatenate([ops.zeros_like(free), trust * base], -1)
        log_sigma = ops.log(sigma) + ops.clip(spread, -3.0, 3.0)
        sigma = ops.clip(ops.exp(log_sigma), 1e-6, high - low)
        return logits, u + sigma * ops.tanh(shift), sigma

    def _climb(self, x):
        """Climb the beam power from even starts, without anything learned.

        Returns
        -------
        u, sigma, logits : [n, 2 num_ant], float
            Maxima, standard deviations by their curvature, and log-likelihoods there
            less the greatest, with the noise at its best fit.
        """
        num_ant = self.axis.num_positions
        lags = 2 * np.pi * self.axis.spacing * np.arange(1, num_ant)
        lags = lags.astype("float32")
        real = x[:, None, : num_ant - 1]
        imag = x[:, None, num_ant - 1 : 2 * num_ant - 2]
        cell = np.float32(0.25 / self.axis.aperture)
        low, high = self._ends
        starts = np.linspace(low, high, 2 * num_ant, dtype="float32")
        u = ops.zeros_like(x[:, :1]) + starts
        for _ in range(_NUM_NEWTON):
            c, s = ops.cos(lags * u[..., None]), ops.sin(lags * u[..., None])
            first = ops.sum(lags * (imag * c - real * s), axis=-1)
            second = -ops.sum(lags**2 * (real * c + imag * s), axis=-1)
            # Where the power is convex this is a step uphill of as much as may be.
            steep = ops.where(second < 0, -second, 1e-3)
            u = ops.clip(u + ops.clip(first / steep, -cell, cell), low, high)
        c, s = ops.cos(lags * u[..., None]), ops.sin(lags * u[..., None])
        level = real * c + imag * s
        beam = (1 + 2 * ops.sum(level, axis=-1)) / num_ant
        left = ops.clip(1 - beam, 1e-6, 1.0)
        size = self.num_snapshots * num_ant
        second = -ops.sum(lags**2 * level, axis=-1)
        steep = ops.maximum(-second, 1.0) * 2 * size / num_ant
        logits = -size * ops.log(left)
        logits = logits - ops.max(logits, axis=-1, keepdims=True)
        parts = (u, ops.sqrt(left / steep), logits)
        return tuple(ops.stop_gradient(part) for part in parts)

    @property
    def _ends(self):
        axis = self.axis
        return float(axis.to_x(axis.low)), float(axis.to_x(axis.high))

    def log_prob(self, mixture, u):
        """Return the log density of u : [n, k] under what :meth:`call` returned."""
        logits, mean, sigma = (part[:, None] for part in mixture)
        low, high = self._ends
        z = (u[..., None] - mean) / sigma
        inside = _normal_cdf((high - mean) / sigma) - _normal_cdf((low - mean) / sigma)
        logs = (
            logits
            - ops.logsumexp(logits, axis=-1, keepdims=True)
            - 0.5 * z**2
            - ops.log(sigma)
            - _LOG_ROOT
            - ops.log(ops.maximum(inside, 1e-6))
        )
        return ops.logsumexp(logs, axis=-1)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, **_):
        """Return minus the mean log density of the true u, bounded below."""
        low, high = self._ends
        # A little of an even density: no single miss at high SNR outweighs a batch.
        floor = float(np.log(_FLOOR / (high - low)))
        return -ops.mean(ops.logaddexp(self.log_prob(y_pred, y), floor))

    def fit_simulated(
        self,
        *,
        seed: int,
        num_examples: int = 100_000,
        training: TrainingConfig = TRAINING,
        folder: Path | None = None,
        progress: bool = False,
    ) -> list[tuple[float, float]]:
        """Learn from draws of the model; resumes in ``folder`` where it was cut off.

        Parameters
        ----------
        seed
            Of the draws. Weights follow :func:`keras.utils.set_random_seed`.
        num_examples
            New ones in every epoch, half of them with known noise.
        training
            Length and rate.
        folder
            Where checkpoint and logs are kept; None keeps none.
        progress
            Show a progress bar.

        Returns
        -------
        list of (loss, val_loss)

        Raises
        ------
        TypeError, ValueError
            If an argument is out of range, the loss diverges, or ``folder`` holds the
            checkpoint of another training.
        """
        seed = check_int("seed", seed, low=0)
        check_int("num_examples", num_examples, low=100)
        batches = Batches(
            self._examples, num_examples, training.batch_size, seed=2 * seed
        )
        checks = Batches(
            self._examples, max(num_examples // 10, 50), 2000, seed=seed, epoch=None
        )
        optimizer = training.optimizer(len(batches))
        keras.Model.compile(self, optimizer, jit_compile=False)
        return train(
            self,
            batches,
            checks,
            training,
            folder=folder,
            description="training the angle posterior",
            progress=progress,
            identity=fingerprint(self.get_config(), seed, num_examples, training),
        )

    def _examples(self, rng, rows):
        n = len(rows)
        snr_db = rng.uniform(*self.snr_range_db, n)
        y, value = draw_observations(
            self.axis, n, num_snapshots=self.num_snapshots, snr_db=snr_db, rng=rng
        )
        no = np.where(rng.random(n) < 0.5, noise_variance(snr_db), np.nan)
        u = self.axis.to_x(value).astype(np.float32)
        return angle_features(y, no), u

    def mixture(self, y, no=None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return weights, means and deviations of u : [n, num] each.

        Parameters
        ----------
        y : [n, num_snapshots, num_ant], complex
            Snapshots of a path with gains of unit power.
        no : float or [n], float
            Noise variance; None where it is unknown.

        Raises
        ------
        ValueError
            If y has another shape than the network learned, or is not finite.
        """
        y = check_snapshots(y, self.axis)
        if y.shape[1] != self.num_snapshots:
            raise ValueError(
                f"y must have {self.num_snapshots} snapshots, as the network learned, "
                f"got {y.shape[1]}."
            )
        no = np.nan if no is None else no
        features = angle_features(y, np.broadcast_to(np.asarray(no, float), len(y)))
        parts = [np.asarray(p, float) for p in self._pass(features)]
        weights = np.exp(parts[0] - parts[0].max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True), parts[1], parts[2]

    def _pass(self, features):
        """Run the network in chunks of one size, so that it is traced once."""
        size = min(512, 1 << (len(features) - 1).bit_length())
        parts = []
        for i in range(0, len(features), size):
            chunk = features[i : i + size]
            fill = np.pad(chunk, ((0, size - len(chunk)), (0, 0)), mode="edge")
            parts.append([p[: len(chunk)] for p in self.predict_on_batch(fill)])
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        low, high = self.snr_range_db
        return {
            "num_ant": self.axis.num_positions,
            "num_snapshots": self.num_snapshots,
            "spacing": self.axis.spacing,
            "low_deg": self.axis.low,
            "high_deg": self.axis.high,
            "snr_low_db": low,
            "snr_high_db": high,
            "num_components": self.num_components,
            "width": self.width,
        }


def angle_features(y, no) -> np.ndarray:
    """Return what the network sees, [n, 2 num_ant], float32.

    Real and imaginary parts of the sums along the diagonals of the sample covariance
    over its trace, for lags 1 to num_ant - 1, then the logarithm of the mean power over
    N0 and a flag; both 0 where N0 is unknown.

    Parameters
    ----------
    y : [n, num_snapshots, num_ant], complex
    no : [n], float
        Noise variance; NaN where it is unknown.
    """
    num_ant = y.shape[-1]
    R = np.swapaxes(y, 1, 2) @ y.conj()
    power = np.real(np.trace(R, axis1=1, axis2=2))
    sums = [np.trace(R, -k, 1, 2) for k in range(1, num_ant)]
    lags = np.stack(sums, axis=1) / power[:, None]
    known = np.isfinite(no)
    level = np.log(power / y.shape[1] / num_ant / np.where(known, no, 1))
    level = np.where(known, level, 0.0)
    return np.concatenate(
        [np.real(lags), np.imag(lags), level[:, None], known[:, None]], axis=1
    ).astype(np.float32)


def load_angle_network(path: str | Path) -> AnglePosteriorNetwork:
    """Load what ``keras.Model.save`` wrote; code in the file is never run.

    Raises
    ------
    FileNotFoundError
        If nothing is at ``path``.
    ValueError
        If the file is damaged or holds another model.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no network at {path}.")
    return load_keras(path, AnglePosteriorNetwork, "an AnglePosteriorNetwork")


def _normal_cdf(z):
    return 0.5 * (1 + ops.erf(z / np.float32(np.sqrt(2))))
