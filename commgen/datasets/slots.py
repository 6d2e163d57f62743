"""Slots of a radio frame in a channel file, and the ranges that they stand for."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.whole import sha256
from commgen.datasets.channel_file import read_channels
from commgen.datasets.channel_meta import ChannelMeta
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.slots import slots_of

_POWER = (0.5, 2.0)  # as of load_events: SNR counts in units of it
_SPEED_OF_LIGHT_M_S = 299_792_458.0


@dataclass(frozen=True)
class FrameSlots:
    """Channels on the grid of a frame.

    Parameters
    ----------
    h : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        Channels of about unit mean power, one for each pair of antennas.
    meta
        What the file says of itself.
    data_sha256
        Checksum of the file.
    delay_spread_range_s, doppler_range_hz
        Least and greatest of them, None where the file does not tell.
    """

    h: np.ndarray
    meta: ChannelMeta
    data_sha256: str
    delay_spread_range_s: tuple[float, float] | None
    doppler_range_hz: tuple[float, float] | None

    @property
    def facts(self) -> dict[str, Any]:
        """Fields of an :class:`~commgen.exported.ExportedContract`, as JSON."""
        ranges = (self.delay_spread_range_s, self.doppler_range_hz)
        delay, doppler = (None if one is None else list(one) for one in ranges)
        return {
            "data_sha256": self.data_sha256,
            "delay_spread_range_s": delay,
            "doppler_range_hz": doppler,
        }


def load_slots(
    path: str | Path, frame: Frame = RADIO_FRAME, *, no: float = 0.0
) -> FrameSlots:
    """Read a channel file as slots of a frame.

    Parameters
    ----------
    path
        Channel file over subcarriers.
    frame
        The frame.
    no
        Variance of white noise in it, on top of the channels.

    Raises
    ------
    ValueError
        If the file is damaged, holds taps, lies on another grid, or has not about unit
        mean power.
    """
    h, meta, labels = read_channels(path)
    if meta.subcarrier_spacing_hz is None:
        raise ValueError(f"{path} must hold channels over subcarriers, got taps.")
    power = float(np.mean(np.abs(h.astype(np.complex128)) ** 2)) - no
    if not _POWER[0] <= power <= _POWER[1]:
        raise ValueError(
            f"{path} must hold channels of a mean power |h|^2 between {_POWER[0]} and "
            f"{_POWER[1]}, got {power:.3g}; import it with --normalise set or packet."
        )
    try:
        slots = slots_of(
            h,
            frame,
            subcarrier_spacing_hz=meta.subcarrier_spacing_hz,
            time_step_s=meta.time_step_s,
        )
    except ValueError as error:
        raise ValueError(f"{path} must hold slots of the frame: {error}") from error
    return FrameSlots(
        slots, meta, sha256(path), _delay_spreads(labels), _doppler_shifts(meta)
    )


def _delay_spreads(labels: dict[str, np.ndarray]) -> tuple[float, float] | None:
    values = np.asarray(labels.get("delay_spread_s", []), float)
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _doppler_shifts(meta: ChannelMeta) -> tuple[float, float] | None:
    """Return the range of what ``commgen datasets make`` drew, None for other files."""
    try:
        told = json.loads(meta.description)
        if told.get("max_doppler_hz") is not None:
            return 0.0, float(told["max_doppler_hz"])
        return 0.0, told["speed_max_m_s"] * told["carrier_hz"] / _SPEED_OF_LIGHT_M_S
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
