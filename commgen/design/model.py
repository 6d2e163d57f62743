"""One model of many constellations: from SNR to points that are near the best."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_finite, check_int
from commgen._progress import progress_bar
from commgen.design.goal import ConstellationGoal
from commgen.design.tracks import tracks
from commgen.frame.information import bit_loss
from commgen.generative.autoencoder.vae import VariationalAutoencoder
from commgen.generative.files import read_card
from commgen.generative.load import load_model
from commgen.generative.training import TrainingConfig

_KIND = "constellations"
# Of the autoencoder.
_SIZES = {"num_latents": 8, "num_components": 8, "width": 256, "depth": 2}
#: Length and rate of the first training.
TRAINING = TrainingConfig(
    num_epochs=150, batch_size=64, learning_rate=1e-3, patience=150
)
# How often an epoch has each constellation, which are few.
_REPEATS = 10
# What is learned from at an SNR: no more bits below the best there.
_WORST_GAP = 0.02
# Of the second training: steps, constellations in one, rate, and quadrature.
_BATCH, _RATE, _ORDER = 16, 1e-3, 8


class ConstellationModel:
    r"""Gaussian-mixture autoencoder of points, conditional on the SNR.

    .. math:: z \sim p(z \mid \mathrm{SNR}), \qquad x = \mu(z) / \lVert\mu(z)\rVert

    with the mixture p and the mean :math:`\mu` of a
    :class:`~commgen.generative.VariationalAutoencoder`. It learns in two steps: the
    distribution of constellations found along SNR, as any model of channels; then its
    decoder climbs the exact GMI of what it draws.

    Parameters
    ----------
    vae
        Of events [2**num_bits_per_symbol], with the SNR as condition [dB].
    snr_db
        Lowest and highest SNR that it was trained for [dB].
    """

    def __init__(self, vae: Any, snr_db: Sequence[float]):
        self.vae = vae
        self.snr_db = float(snr_db[0]), float(snr_db[-1])

    @property
    def num_bits_per_symbol(self) -> int:
        """Bits of a label."""
        return self.vae.event_shape[0].bit_length() - 1

    def draw(self, snr_db: float, n: int, *, seed: int) -> np.ndarray:
        """Draw different constellations for an SNR.

        Parameters
        ----------
        snr_db
            Within the range of training [dB].
        n
            How many.
        seed
            Of the draws.

        Returns
        -------
        [n, 2**num_bits_per_symbol], complex128
            Points of unit mean power, in the order of their labels.

        Raises
        ------
        ValueError
            If the SNR is outside, or ``n`` below 1.
        """
        given = self._given(np.full(check_int("n", n, low=1), self._checked(snr_db)))
        z = self.vae.prior.draw(n, np.random.default_rng([seed, 0]), given)
        return _unit(self._points(tf.constant(z)).numpy())

    def best(self, snr_db: float) -> np.ndarray:
        """Return the points [M] of most GMI among the means of the mixture.

        Parameters
        ----------
        snr_db
            As of :meth:`draw`.
        """
        means = tf.convert_to_tensor(self.vae.prior._means)
        given = self._given(np.full(len(means), self._checked(snr_db)))
        points = _unit(self._points(self.vae.prior.place(means, given)).numpy())
        missed = [_loss(x, snr_db, self._goal).nats for x in points]
        return points[int(np.argmin(missed))]

    @property
    def _goal(self):
        of: dict[str, Any] = {"num_bits_per_symbol": self.num_bits_per_symbol}
        of["snr_db"] = self.snr_db
        return ConstellationGoal(**of)

    def _checked(self, snr_db):
        low, high = self.snr_db
        if not low <= snr_db <= high:
            raise ValueError(
                f"snr_db must be within {low:g} to {high:g} dB, for which the model "
                f"was trained, got {snr_db:g}."
            )
        return snr_db

    def _given(self, snr_db):
        return self.vae.conditioning(np.asarray(snr_db, np.float32)[:, None])

    def _points(self, z):
        """Return what is decoded from z : [n, num_latents], [n, M], not scaled."""
        mean, _ = self.vae.decoder(z)
        scaled = tf.complex(mean[..., 0], mean[..., 1])
        scale = tf.cast(tf.convert_to_tensor(self.vae.scale.weights[0]), tf.complex64)
        return tf.signal.ifft(scaled * scale) * float(np.sqrt(scaled.shape[-1]))

    def save(self, folder: str | Path, card: dict[str, Any] | None = None) -> None:
        """Write a model folder, whose card says what kind of model it is.

        Parameters
        ----------
        folder
            Where to.
        card
            What else to tell: seed, data, cost.
        """
        facts = {"kind": _KIND, "snr_db": list(self.snr_db)}
        self.vae.save(folder, card={**facts, **(card or {})})

    @classmethod
    def load(cls, folder: str | Path) -> "ConstellationModel":
        """Read what :meth:`save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no model.
        ValueError
            If it is no model of constellations.
        """
        vae, card = load_model(folder), read_card(folder)
        fits = isinstance(vae, VariationalAutoencoder) and vae.num_conditions == 1
        size = vae.event_shape[0] if len(vae.event_shape) == 1 else 0
        fits = fits and size in (2, 4, 8, 16, 32, 64, 128, 256)
        if not fits or card.get("kind") != _KIND:
            raise ValueError(
                f"{folder} must hold a model of constellations, got "
                f"{type(vae).__name__} of {list(vae.event_shape)}."
            )
        snr_db = card.get("snr_db")
        if not isinstance(snr_db, list) or len(snr_db) != 2:
            raise ValueError(f"snr_db of {folder} must be two numbers, got {snr_db!r}.")
        check_finite("snr_db", np.array(snr_db, float))
        return cls(vae, snr_db)


def sweep_of(start_db: float, stop_db: float) -> list[float]:
    """Return the SNRs that a model learns from: both ends, some half dB apart [dB]."""
    num_snr = 1 + int(np.ceil((stop_db - start_db) * 2))
    return np.linspace(start_db, stop_db, num_snr).tolist()


def learn_constellations(
    num_bits_per_symbol: int,
    snr_db: Sequence[float],
    *,
    seed: int,
    num_tracks: int = 12,
    num_steps: int = 2000,
    training: TrainingConfig | None = None,
    progress: bool = False,
) -> ConstellationModel:
    """Search constellations along SNR, learn them, and climb on.

    Parameters
    ----------
    num_bits_per_symbol
        Of all of them.
    snr_db
        Rising SNRs, of which the first and the last are the model's range [dB].
    seed
        Of all of it.
    num_tracks
        Searches.
    num_steps
        Of the second training, on the GMI.
    training
        Of the first one.
    progress
        Show progress bars.
    """
    x, rates = tracks(
        num_bits_per_symbol, snr_db, num_tracks, seed=seed, progress=progress
    )
    model = imitate(x, rates, snr_db, seed=seed, training=training, progress=progress)
    improve(model, num_steps, seed=seed, progress=progress)
    return model


def imitate(
    x: np.ndarray,
    rates: np.ndarray,
    snr_db: Sequence[float],
    *,
    seed: int,
    training: TrainingConfig | None = None,
    progress: bool = False,
) -> ConstellationModel:
    """Learn the distribution of constellations that were found, those near the best.

    Parameters
    ----------
    x, rates, snr_db
        Result of :func:`~commgen.design.tracks.tracks`, and its SNRs.
    seed
        Of weights and training.
    training
        Length and rate.
    progress
        Show a progress bar.
    """
    import keras

    keras.utils.set_random_seed(seed)
    vae = VariationalAutoencoder((x.shape[-1],), num_conditions=1, **_SIZES)
    kept = rates >= rates.max(axis=0) - _WORST_GAP
    condition = np.broadcast_to(np.asarray(snr_db), rates.shape)[kept][:, None]
    vae.fit(
        np.tile(x[kept].astype(np.complex64), (_REPEATS, 1)),
        np.tile(condition, (_REPEATS, 1)),
        seed=seed,
        training=training or TRAINING,
        symmetries=(),
        progress=progress,
    )
    return ConstellationModel(vae, snr_db)


def improve(
    model: ConstellationModel,
    num_steps: int,
    *,
    seed: int,
    rate: float = _RATE,
    progress: bool = False,
    told: Callable[[int], None] | None = None,
) -> None:
    """Let the decoder of a model climb the GMI of what it draws, at random SNRs.

    The mixture stays as it is, and so do differences between its draws.

    Parameters
    ----------
    model
        Changed in place.
    num_steps
        Steps of Adam, at a rate that falls to zero.
    seed
        Of SNRs and draws.
    rate
        Of the first steps.
    progress
        Show a progress bar.
    told
        Called after each step with its number.
    """
    import keras

    rng, goal = np.random.default_rng([seed, 1]), model._goal
    schedule: Any = keras.optimizers.schedules.CosineDecay(rate, num_steps)
    optimizer = keras.optimizers.Adam(schedule)
    weights = model.vae.decoder.trainable_variables
    with progress_bar("climbing", num_steps, unit="steps", enabled=progress) as go:
        for step in range(num_steps):
            # The less noise, the more precise have points to be: most steps are there.
            low, high = model.snr_db
            snr_db = high - (high - low) * rng.uniform(size=_BATCH) ** 2
            z = model.vae.prior.draw(_BATCH, rng, model._given(snr_db))
            tape: Any = tf.GradientTape()
            with tape:
                raw = model._points(tf.constant(z))
            nats, slopes = _slopes(raw.numpy(), snr_db, goal)
            # TensorFlow's derivatives of complex numbers are real and imaginary too.
            by = tape.gradient(raw, weights, output_gradients=tf.constant(slopes))
            pairs = zip(by, weights, strict=True)
            optimizer.apply_gradients([(g, w) for g, w in pairs if g is not None])
            go(1, note=f"{nats:.4f} nats missed")
            if told is not None:
                told(step)


def _slopes(raw, snr_db, goal) -> tuple[float, np.ndarray]:
    """Return the mean of what is missed, and derivatives [n, M] by points."""
    total, slopes = 0.0, []
    for one, at_db in zip(raw.astype(np.complex128), snr_db, strict=True):
        scale = np.sqrt(np.mean(np.abs(one) ** 2))
        x = one / scale
        loss = _loss(x, at_db, goal)
        by_x = loss.by_point
        radial = float(np.sum(by_x.real * x.real + by_x.imag * x.imag))
        slopes.append((by_x - radial * x / len(x)) / scale)
        total += loss.nats
    return total / len(raw), (np.array(slopes) / len(raw)).astype(np.complex64)


def _loss(x, snr_db, goal):
    return bit_loss(x, np.full(len(x), -np.log(len(x))), goal.observed(snr_db, _ORDER))


def _unit(points):
    x = points.astype(np.complex128)
    return x / np.sqrt(np.mean(np.abs(x) ** 2, axis=1, keepdims=True))
