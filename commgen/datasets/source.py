"""From a recording to a channel file: one walk for all importers, power explicit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np

from commgen._progress import progress_bar
from commgen.datasets.channel_file import ChannelFile
from commgen.datasets.channel_meta import ChannelMeta, Normalise

_BLOCK_BYTES = 2**23  # 8 MiB of complex64 are in memory at a time


@dataclass(frozen=True)
class Source:
    """A recording, ready to be written to a channel file.

    Parameters
    ----------
    meta
        Description of the channels; ``normalisation`` says in what unit |h|^2 is.
    shape
        Shape of all channels, as a channel array.
    read
        Function from rows (an array of whole numbers) to their channels, complex.
    labels
        Name to values, [num_samples] each.
    kinds
        Kind of each label.
    normalise
        What :func:`import_source` does with the power unless told otherwise.
    """

    meta: ChannelMeta
    shape: tuple[int, ...]
    read: Callable[[np.ndarray], np.ndarray]
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    normalise: Normalise = "none"


def import_source(
    source: Source,
    path: str | Path,
    *,
    rows: np.ndarray | None = None,
    normalise: Normalise | None = None,
    progress: bool = True,
) -> int:
    """Write a recording to a channel file, a few megabytes at a time.

    Parameters
    ----------
    source
        The recording.
    path
        Channel file to write.
    rows : [num_rows], int, optional
        Which samples, in which order; all by default.
    normalise
        "none" keeps the power of the recording. "packet" scales every sample to unit
        mean power, the ideal power control. "set" scales all of them by one factor, so
        that their mean power is one. The gain that was taken away is the label
        ``gain_db``: multiply by ``10 ** (gain_db / 20)`` to undo it. By default what
        the source prefers.
    progress
        Whether to show a progress bar.

    Returns
    -------
    int
        Number of samples written.

    Raises
    ------
    ValueError
        If ``rows`` is empty, or a sample without power is to be scaled.
    """
    mode = source.normalise if normalise is None else normalise
    if mode not in get_args(Normalise):
        raise ValueError(
            f"normalise must be one of {list(get_args(Normalise))}, got {mode!r}."
        )
    rows = np.arange(source.shape[0]) if rows is None else np.asarray(rows)
    if not len(rows):
        raise ValueError("rows must hold at least one sample, got 0.")
    size = max(1, _BLOCK_BYTES // (8 * int(np.prod(source.shape[1:]))))
    blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
    kinds = dict(source.kinds)
    if mode != "none":
        kinds["gain_db"] = "float"
    passes = 2 if mode == "set" else 1
    with progress_bar(
        "importing", passes * len(rows), unit="samples", enabled=progress
    ) as advance:
        power = None
        if mode == "set":
            power = _set_power(source, blocks, advance)
        with ChannelFile.create(path, _describe(source.meta, mode), kinds) as file:
            for block in blocks:
                h = np.asarray(source.read(block))
                labels = {name: source.labels[name][block] for name in source.kinds}
                if mode != "none":
                    h, labels["gain_db"] = scale_to_unit_power(h, source.meta, power)
                file.append(h, labels)
                advance(len(block))
    return len(rows)


def mean_power(h: np.ndarray, meta: ChannelMeta) -> np.ndarray:
    """Return the mean power of each channel, as a carrier would see it.

    |h|^2 is averaged over antennas and time, and over the subcarriers; taps are added
    instead, since their energy is the mean power of their frequency response.

    Parameters
    ----------
    h : [num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers], complex
        Channels.
    meta
        Whose ``domain`` says what the last axis is.

    Returns
    -------
    [num_samples], float64
        Linear.
    """
    power = np.abs(h.astype(np.complex128)) ** 2
    power = power.mean(axis=-1) if meta.domain == "frequency" else power.sum(axis=-1)
    return power.mean(axis=(1, 2, 3))


def scale_to_unit_power(
    h: np.ndarray, meta: ChannelMeta, power: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return channels of unit mean power, and the gain in dB that was taken away.

    Each sample is divided by its own power, or all of them by ``power`` if given.
    """
    own = mean_power(h, meta) if power is None else np.full(len(h), power)
    if (own == 0).any():
        raise ValueError(
            "h must have power to be normalised, sample "
            f"{int(np.argmax(own == 0))} of this block is all zero."
        )
    h = (h / np.sqrt(own)[:, None, None, None, None]).astype(np.complex64)
    return h, 10 * np.log10(own)


def _set_power(source: Source, blocks: list[np.ndarray], advance: Callable) -> float:
    total = 0.0
    for block in blocks:
        total += float(mean_power(np.asarray(source.read(block)), source.meta).sum())
        advance(len(block))
    return total / sum(map(len, blocks))


def _describe(meta: ChannelMeta, mode: str) -> ChannelMeta:
    if mode == "none":
        return meta
    what = {
        "packet": "every sample scaled to unit mean power",
        "set": "all samples scaled by one factor to unit mean power",
    }[mode]
    text = f"{what}; multiply by 10^(gain_db/20) to undo. Before: {meta.normalisation}"
    return meta.model_copy(update={"normalisation": text})
