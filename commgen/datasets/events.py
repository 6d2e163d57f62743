"""From a channel file to what a generative model learns, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commgen.datasets.channel_file import read_channels
from commgen.datasets.channel_meta import ChannelMeta

#: Axes that an event may have, in the order of a channel array.
AXES = ("rx", "tx", "time", "subcarrier")
# The power of a set that models take as it is, without asking for normalisation.
_POWER_LOW, _POWER_HIGH = 0.5, 2.0


@dataclass(frozen=True)
class Events:
    """Channels as a generative model sees them.

    Parameters
    ----------
    h : [num_samples, *event_shape], complex64
        Channels without the axes of one entry, of about unit mean power.
    layout
        Meaning of the axes of an event, of "rx", "tx", "time", "subcarrier".
    meta
        What the file says of itself.
    labels
        Name to values, [num_samples].
    """

    h: np.ndarray
    layout: tuple[str, ...]
    meta: ChannelMeta
    labels: dict[str, np.ndarray]


def load_events(path: str | Path, *, no: float = 0.0) -> Events:
    """Read a channel file for training.

    Parameters
    ----------
    path
        Channel file.
    no
        Variance of white noise in it, on top of the channels.

    Raises
    ------
    ValueError
        If the file is damaged, or its mean power |h|^2 without the noise is not near
        one: SNR and models count in units of it, so the file must have been normalised.
    """
    h, meta, labels = read_channels(path)
    power = float(np.mean(np.abs(h.astype(np.complex128)) ** 2)) - no
    if not _POWER_LOW <= power <= _POWER_HIGH:
        raise ValueError(
            f"{path} must hold channels of a mean power |h|^2 between {_POWER_LOW} and "
            f"{_POWER_HIGH}{' above the noise' if no else ''}, got {power:.3g}; import "
            "it with --normalise set or packet."
        )
    layout = event_layout(h.shape)
    return Events(squeeze(h, layout), layout, meta, labels)


def event_layout(shape: tuple[int, ...]) -> tuple[str, ...]:
    """Name the axes of more than one entry; the last one where there is none."""
    sizes = zip(AXES, shape[1:], strict=True)
    return tuple(axis for axis, n in sizes if n > 1) or AXES[-1:]


def squeeze(h: np.ndarray, layout: Sequence[str]) -> np.ndarray:
    """Drop axes of one entry from channels [n, rx, tx, time, subcarrier]."""
    sizes: dict[str, int] = dict(zip(AXES, h.shape[1:], strict=True))
    return h.reshape(len(h), *(sizes[axis] for axis in layout))


def check_layout(layout: Sequence[str], event_shape: tuple[int, ...]) -> tuple:
    """Return ``layout`` as a tuple, or raise unless it names each axis of an event."""
    known = not isinstance(layout, str) and set(layout) <= set(AXES)
    if not known or len(set(layout)) != len(layout) or len(layout) != len(event_shape):
        raise ValueError(
            f"layout must name the {len(event_shape)} axes of an event {event_shape}, "
            f"each once, of {AXES}, got {layout!r}."
        )
    return tuple(layout)


def to_array(h: np.ndarray, layout: Sequence[str]) -> np.ndarray:
    """Lay events out as [n, rx, tx, time, subcarrier], missing axes of one entry.

    Raises
    ------
    ValueError
        As :func:`check_layout`.
    """
    layout = check_layout(layout, h.shape[1:])
    order = sorted(range(len(layout)), key=lambda i: AXES.index(layout[i]))
    sizes = dict(zip(layout, h.shape[1:], strict=True))
    h = h.transpose(0, *(1 + i for i in order))
    return h.reshape(len(h), *(sizes.get(axis, 1) for axis in AXES))
