"""Training of points and receiver of a slot without pilots."""

from pathlib import Path
from typing import Any

import keras as _keras
import numpy as np

from commgen._checks import check_positive
from commgen.frame.constellation import Constellation
from commgen.generative.training import Batches, TrainingConfig, fingerprint, train
from commgen.measures.decibel import noise_variance
from commgen.phy.estimation.covariance import GridCovariance
from commgen.phy.neural.pilotless import PilotlessSystem

keras: Any = _keras
PILOTLESS_TRAINING = TrainingConfig(
    num_epochs=20, batch_size=32, weight_decay=0.0, patience=20
)
_EVERY = 8  # slots of which one is not trained on
_LEAST_SLOTS = 64
#: Share of slots of which a decoder has told nothing, as in the first round.
_UNTOLD = 0.4
# Deviation of what it tells otherwise: from nearly nothing to nearly all.
_TOLD = (0.5, 6.0)
_LEAST_MEAN = 1e-3


def train_pilotless(
    h: np.ndarray,
    start: Constellation,
    covariance: GridCovariance,
    *,
    snr_range_db: tuple[float, float],
    seed: int,
    width: int = 16,
    folder: str | Path | None = None,
    training: TrainingConfig = PILOTLESS_TRAINING,
    progress: bool = False,
) -> PilotlessSystem:
    """Learn points and receiver network over channels, end to end.

    Parameters
    ----------
    h : [n, num_ofdm_symbols, num_subcarriers], complex
        Channels of about unit mean power, at least 64: drawn from a model of the
        channel, known or learned.
    start, covariance, width
        As of :class:`~commgen.phy.neural.pilotless.PilotlessSystem`.
    snr_range_db
        Least and greatest SNR, uniform in dB.
    seed
        Of bits, noise and weights.
    folder
        Of the checkpoint, from which a training that was cut off goes on.
    training
        Length and rate; every eighth channel is for the choice of the best epoch.
    progress
        Show a progress bar.

    Returns
    -------
    PilotlessSystem
        Of the best epoch.

    Raises
    ------
    ValueError
        If there are too few channels, or the start has no mean: nothing would tell the
        channel's phase, and no gradient leads away.
    """
    if len(h) < _LEAST_SLOTS or np.ndim(h) != 3:
        raise ValueError(
            f"h must be [n, num_ofdm_symbols, num_subcarriers], n >= {_LEAST_SLOTS}, "
            f"got {np.shape(h)}."
        )
    mean = float(abs(start.points.mean()) ** 2)
    if mean < _LEAST_MEAN:
        raise ValueError(
            f"start must have a mean of power >= {_LEAST_MEAN}, got {mean:.3g}."
        )
    for value in noise_variance(np.array(snr_range_db)):
        check_positive("noise of snr_range_db", float(value))
    keras.utils.set_random_seed(seed)
    system = PilotlessSystem(start, covariance, width=width)
    system.build()
    examples = _Examples(h, start.num_bits_per_symbol, snr_range_db)
    batches, checks = _batches(examples, len(h), training.batch_size, seed)
    keras.Model.compile(system, training.optimizer(len(batches)), jit_compile=False)
    train(
        system,
        batches,
        checks,
        training,
        folder=None if folder is None else Path(folder),
        description="learning without pilots",
        progress=progress,
        identity=fingerprint(
            np.asarray(h), start.digest, snr_range_db, seed, width, training
        ),
    )
    return system


class _Examples:
    """Channels with bits, noise and what a decoder tells, drawn anew each time."""

    def __init__(self, h, num_bits_per_symbol, snr_range_db):
        self._h = np.stack([h.real, h.imag], axis=-1).astype(np.float32)
        self._num_bits, self._range = num_bits_per_symbol, snr_range_db

    def __call__(self, rng, rows):
        h = self._h[rows]
        n = (len(rows), 1, 1)
        shape = (*h.shape[:-1], self._num_bits)
        noise = rng.standard_normal(h.shape, np.float32) * np.float32(0.5**0.5)
        no = noise_variance(rng.uniform(*self._range, n)).astype(np.float32)
        bits = rng.integers(2, size=shape).astype(np.float32)
        sigma = rng.uniform(*_TOLD, (*n, 1)) * (rng.random((*n, 1)) >= _UNTOLD)
        sigma = sigma.astype(np.float32)
        told = (bits - 0.5) * sigma**2 + sigma * rng.standard_normal(shape, np.float32)
        return (h, noise, no, bits, told), bits


def _batches(examples, num_slots, batch_size, seed) -> list[Batches]:
    """Return batches to learn from, and of every eighth slot to choose by."""
    held_out = np.arange(num_slots) % _EVERY == 0
    made = []
    for i, (rows, epoch) in enumerate(((~held_out, 0), (held_out, None))):
        kept = np.flatnonzero(rows)
        made.append(
            Batches(
                lambda rng, rows, kept=kept: examples(rng, kept[rows]),
                len(kept),
                batch_size,
                seed=seed + i,
                epoch=epoch,
            )
        )
    return made
