"""Training of a neural receiver for the radio host, over channels of a file."""

import time
from pathlib import Path
from typing import Any

import keras as _keras
import numpy as np

from commgen._checks import check_int
from commgen.datasets.slots import FrameSlots
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.received import FrameConditions
from commgen.generative.training import Batches, TrainingConfig, fingerprint, train
from commgen.phy.neural.files import save_neural_receiver
from commgen.phy.neural.frames import FrameExamples
from commgen.phy.neural.network import ReceiverNetwork

keras: Any = _keras
DEFAULT_TRAINING = TrainingConfig(num_epochs=30, batch_size=32, patience=30)
#: Every so many slots one is not trained on, and the best epoch chosen by these.
_EVERY = 8
_LEAST_SLOTS = 16


def train_frame_receiver(
    slots: FrameSlots,
    folder: str | Path,
    *,
    seed: int,
    frame: Frame = RADIO_FRAME,
    conditions: FrameConditions | None = None,
    width: int = 32,
    training: TrainingConfig = DEFAULT_TRAINING,
    told: dict[str, Any] | None = None,
    progress: bool = False,
) -> Any:
    """Train a receiver that corrects the LLRs of repaired LMMSE, and save it.

    Each epoch sees all channels, with bits, SNR, offsets, noise and interference drawn
    anew. The best epoch is chosen by every eighth channel, which is not trained on.

    Parameters
    ----------
    slots
        Channels on the grid of the frame, at least 16.
    folder
        Where the receiver goes; the checkpoint, from which a training that was cut off
        goes on, is in ``<folder>.training``.
    seed
        Seed of all draws and of the weights.
    frame
        The frame.
    conditions
        What frames meet beside the channel.
    width
        Channels of the hidden layers.
    training
        Length and rate.
    told
        What else the card tells.
    progress
        Show a progress bar.

    Returns
    -------
    ReceiverNetwork

    Raises
    ------
    ValueError
        If there are too few channels, or as
        :func:`commgen.generative.training.train`.
    """
    check_int("number of slots", len(slots.h), low=_LEAST_SLOTS)
    conditions = conditions or FrameConditions()
    started = time.process_time()
    examples = FrameExamples(slots.h, frame, conditions)
    keras.utils.set_random_seed(seed)
    network = ReceiverNetwork(frame.num_bits_per_symbol, width)
    network.build((None, *examples(np.random.default_rng(0), [0])[0].shape[1:]))
    batches, checks = _batches(examples, len(slots.h), training.batch_size, seed)
    keras.Model.compile(network, training.optimizer(len(batches)), jit_compile=False)
    folder = Path(folder)
    history = train(
        network,
        batches,
        checks,
        training,
        folder=folder.with_name(f"{folder.name}.training"),
        description="training a neural receiver",
        progress=progress,
        identity=fingerprint(
            slots.data_sha256, frame, conditions, seed, width, training
        ),
    )
    card = {
        "frame": frame.contract(),
        "features": "repaired",
        "snr_range_db": list(conditions.snr_range_db),
        "cfo_range_hz": [-conditions.max_cfo_hz, conditions.max_cfo_hz],
        **slots.facts,
        "bursts": vars(conditions.bursts),
        "max_delay_s": conditions.max_delay_s,
        "seed": seed,
        "num_slots": len(slots.h),
        "training": training.model_dump(),
        "validation_loss": min(loss for _, loss in history),
        **(told or {}),
        "cpu_seconds": time.process_time() - started,
    }
    save_neural_receiver(network, folder, card)
    return network


def _batches(examples, num_slots, batch_size, seed) -> tuple[Batches, Batches]:
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
    return made[0], made[1]
