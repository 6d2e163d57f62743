"""Points for a link of which there are recorded pairs."""

from typing import Any

import keras as _keras
import numpy as np

from commgen.channels.surrogate import SurrogateChannel
from commgen.frame.constellation import Constellation
from commgen.generative.training import TrainingConfig
from commgen.phy.neural.linked import Driven, DrivenLink, best_drive, design_through
from commgen.phy.neural.mapper import LearnedMapper

keras: Any = _keras
_WIDTH = 64
_PAIRS_A_PATH = 3  # of the surrogate's distillation
LEARNING = TrainingConfig(num_epochs=12, batch_size=256, learning_rate=4e-3)


def learn_link(
    x: np.ndarray, y: np.ndarray, *, seed: int, training: TrainingConfig = LEARNING
) -> Any:
    """Learn a link without memory from its pairs.

    Parameters
    ----------
    x, y : [num_pairs], complex
        Sent and received, at least 1000.
    seed
        Of weights, order and noise.
    training
        Length and rate.

    Returns
    -------
    link
        ``link(x, seed=words) -> y``, with y scaled to unit power, differentiable.

    Raises
    ------
    ValueError
        As :meth:`~commgen.channels.SurrogateChannel.fit`.
    """
    keras.utils.set_random_seed(seed)
    surrogate = SurrogateChannel(width=_WIDTH).fit(
        x, y, seed=seed, training=training, num_pairs=max(1000, len(x) // _PAIRS_A_PATH)
    )
    scale = float(np.sqrt(np.mean(np.abs(y) ** 2)))
    return lambda x, *, seed: surrogate(x, seed=seed) / scale


def design_for_pairs(
    x: np.ndarray, y: np.ndarray, start: Constellation, *, seed: int, progress=False
) -> dict[str, Driven]:
    """Design points through a link that is learned from its pairs.

    Parameters
    ----------
    x, y
        As of :func:`learn_link`.
    start
        A design for white noise.
    seed
        Of all that is drawn.
    progress
        Show a progress bar.

    Returns
    -------
    dict
        ``designed``, and with the drive that carries the most ``start`` and, of as many
        points where there is one, ``QAM``. Rates are through the learned link.
    """
    link = learn_link(x, y, seed=seed)
    largest = float(np.abs(x).max())
    options: Any = {"largest": largest, "seed": seed, "progress": progress}
    found = {"designed": design_through(link, start, **options)}
    others = {"start": start}
    if start.num_bits_per_symbol in (2, 4, 6, 8):
        others["QAM"] = Constellation.qam(start.num_bits_per_symbol)
    for name, points in others.items():
        mapper = LearnedMapper(points.num_bits_per_symbol, start=points)
        found[name] = best_drive(link, DrivenLink(link, largest), mapper, seed)
    return found
