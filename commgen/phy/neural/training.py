"""Training of a neural receiver on slots of the link that it is for."""

import time
from pathlib import Path
from typing import Any

import keras as _keras
import numpy as np
import tensorflow as tf

from commgen._checks import check_int, check_snr_db
from commgen.frame.fields import frame_of
from commgen.generative.training import Batches, TrainingConfig, fingerprint, train
from commgen.measures.decibel import noise_variance
from commgen.phy.neural.files import save_neural_receiver
from commgen.phy.neural.network import ReceiverNetwork
from commgen.phy.neural.receiver import ReceiverFeatures

keras: Any = _keras
# Training slots come from a sequence that no batch of a sweep touches.
_TRAIN_STREAM = 0x2ECE
_CHUNK = 64
DEFAULT_TRAINING = TrainingConfig(num_epochs=30, batch_size=32, patience=30)


def training_seed(seed: int) -> int:
    """Return the seed of the link that a training with ``seed`` draws its slots from.

    No batch of a sweep has it.
    """
    words = np.random.SeedSequence([seed, _TRAIN_STREAM]).generate_state(1)
    return int(words[0])


def train_neural_receiver(
    link: Any,
    folder: str | Path,
    *,
    channel: Any,
    snr_range_db: tuple[float, float],
    seed: int,
    num_slots: int = 1024,
    width: int = 32,
    training: TrainingConfig = DEFAULT_TRAINING,
    progress: bool = False,
) -> Any:
    """Train a receiver on slots of a link, and save it.

    Slots are drawn once; noise and SNR, uniform in dB, are drawn again in every epoch.
    The best epoch is chosen by every eighth slot, which is not trained on.

    Parameters
    ----------
    link : Link
        Link of one stream, with the seed :func:`training_seed` gives of ``seed``, which
        its source has too: ``Link(config.link, build_source(config, seed=s), seed=s)``.
    folder
        Where the receiver goes; the checkpoint, from which a training that was cut off
        goes on, is in ``training`` beside it, a folder with its name in front.
    channel
        What the source is, as text or an object that prints what it is, such as
        ``config.channel``: a checkpoint of another channel is refused.
    snr_range_db
        Least and greatest SNR of the training. The receiver is refused outside.
    seed
        Seed of all draws and of the weights.
    num_slots
        Slots drawn, at least 16.
    width
        Channels of the hidden layers.
    training
        Length and rate.
    progress
        Show a progress bar.

    Returns
    -------
    ReceiverNetwork

    Raises
    ------
    ValueError
        If the link has several streams, another seed, or is a PUSCH, or an argument is
        refused; or as :func:`commgen.generative.training.train`.
    """
    low, high = _checked_range(snr_range_db)
    check_int("num_slots", num_slots, low=16)
    _check_link(link, seed)
    started = time.process_time()
    slots = _Slots(link, num_slots, (low, high))
    keras.utils.set_random_seed(seed)
    network = ReceiverNetwork(link.config.num_bits_per_symbol, width)
    network.build((None, *slots.examples(np.random.default_rng(0), [0])[0].shape[1:]))
    batches, checks = slots.batches(training.batch_size, seed)
    keras.Model.compile(network, training.optimizer(len(batches)), jit_compile=False)
    folder = Path(folder)
    history = train(
        network,
        batches,
        checks,
        training,
        folder=folder.with_name(f"{folder.name}-training"),
        description="training a neural receiver",
        progress=progress,
        identity=fingerprint(
            channel, link.config, (low, high), seed, num_slots, width, training
        ),
    )
    card = {
        "frame": frame_of(link.config),
        "snr_range_db": [low, high],
        "seed": seed,
        "num_slots": num_slots,
        "training": training.model_dump(),
        "validation_loss": min(loss for _, loss in history),
        "cpu_seconds": time.process_time() - started,
    }
    save_neural_receiver(network, folder, card)
    return network


def _check_link(link, seed):
    kind = link.config.kind
    if kind != "ofdm":
        raise ValueError(f"link must be of kind ofdm, got {kind!r}.")
    wanted = training_seed(seed)
    if link.seed != wanted:
        raise ValueError(
            f"link.seed must be training_seed({seed}) = {wanted}, which no sweep has, "
            f"got {link.seed}."
        )


def _checked_range(snr_range_db) -> tuple[float, float]:
    low, high = check_snr_db("snr_range_db", snr_range_db).tolist()
    if not low < high:
        raise ValueError(
            f"snr_range_db must be finite and ascending, got {(low, high)}."
        )
    return low, high


class _Slots:
    """Slots of a link, seen anew through other noise each time."""

    def __init__(self, link, num_slots, snr_range_db):
        features = ReceiverFeatures(link.resource_grid, link.config)
        self._range = snr_range_db
        self._shown = tf.function(features, autograph=False, reduce_retracing=True)
        parts = [link.slots(b, _CHUNK) for b in range(-(-num_slots // _CHUNK))]
        self._y = np.concatenate([p.y_clean.numpy() for p in parts])[:num_slots]
        sent = np.concatenate([link.coded_bits(p.bits) for p in parts])[:num_slots]
        num_bits, symbols = features.num_bits, link.resource_grid.num_ofdm_symbols
        num_subcarriers = len(np.asarray(link.resource_grid.effective_subcarrier_ind))
        self._bits = np.zeros(
            (num_slots, symbols * num_subcarriers, num_bits), np.uint8
        )
        self._bits[:, features.data_ind] = sent.reshape(num_slots, -1, num_bits)
        self._shape = (symbols, num_subcarriers, num_bits)

    def batches(self, batch_size, seed) -> Any:
        """Return batches to learn from, and of every eighth slot to choose by."""
        held_out = np.arange(len(self._y)) % 8 == 0
        parts = ((np.flatnonzero(~held_out), 0), (np.flatnonzero(held_out), None))
        return [
            Batches(
                lambda rng, rows, kept=kept: self.examples(rng, kept[rows]),
                len(kept),
                batch_size,
                seed=seed + i,
                epoch=epoch,
            )
            for i, (kept, epoch) in enumerate(parts)
        ]

    def examples(self, rng, rows):
        """Return features and bits of some slots."""
        snr_db = rng.uniform(*self._range, len(rows))
        no = (noise_variance(snr_db)).astype(np.float32)
        y = self._y[rows]
        noise = rng.standard_normal((*y.shape, 2), np.float32) * np.float32(0.5**0.5)
        scale = np.sqrt(no)[:, None, None, None, None]
        z, _, _ = self._shown(y + scale * noise.view(np.complex64)[..., 0], no)
        return z.numpy(), self._bits[rows].reshape(-1, *self._shape).astype(np.float32)
