"""Where the pilots of each stream lie in a resource grid."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sionna.phy.ofdm import ResourceGrid


@dataclass(frozen=True)
class PilotLayout:
    """Pilots that each stream sends itself, as (OFDM symbols) x (subcarriers).

    Streams may send on the same resource elements if their pilots are orthogonal over
    neighbouring pilot subcarriers, as the ports of one CDM group of the DMRS are (3GPP
    TS 38.211 table 6.4.1.1.3-1): the mean over such neighbours, each divided by what
    was sent, is free of the other streams where the channel is the same on them.

    Parameters
    ----------
    symbols : [num_streams, num_pilot_ofdm_symbols], int
        Indices of OFDM symbols.
    subcarriers : [num_streams, num_pilot_subcarriers], int
        Indices among the effective subcarriers.
    frequencies : [num_effective_subcarriers], int
        Place of each effective subcarrier in the FFT: nulled ones leave gaps.
    pilots : [num_streams, num_pilot_ofdm_symbols, num_pilot_subcarriers], complex
        What is sent there, all of one power.
    power
        That power.
    groups
        Streams, each in one group; those of a group send on the same elements.
    num_averaged
        Neighbouring pilot subcarriers over which streams are told apart; 1 where each
        stream is alone.
    """

    symbols: np.ndarray
    subcarriers: np.ndarray
    frequencies: np.ndarray
    pilots: np.ndarray
    power: float
    groups: tuple[tuple[int, ...], ...]
    num_averaged: int

    @classmethod
    def of(cls, resource_grid: ResourceGrid) -> "PilotLayout":
        """Read the layout of a grid with one transmitter.

        Raises
        ------
        TypeError
            If ``resource_grid`` is not a Sionna ``ResourceGrid``.
        ValueError
            If it has several transmitters, no pilots, pilots of different powers, a
            stream's pilots do not fill symbols x subcarriers, the same number for all
            streams, or streams share elements without being orthogonal.
        """
        if not isinstance(resource_grid, ResourceGrid):
            raise TypeError(
                f"resource_grid must be a ResourceGrid, got {type(resource_grid)}."
            )
        pattern: Any = resource_grid.pilot_pattern
        if pattern.num_tx != 1:
            raise ValueError(
                f"resource_grid must have num_tx = 1, got {pattern.num_tx}."
            )
        if int(pattern.num_pilot_symbols) == 0:
            raise ValueError("resource_grid must have pilots, its pattern is empty.")
        mask = np.asarray(pattern.mask)[0].astype(bool)
        sent = np.zeros(mask.shape, np.complex64)
        for stream, values in enumerate(np.asarray(pattern.pilots)[0]):
            sent[stream][mask[stream]] = values
        power = np.abs(sent[sent != 0]) ** 2
        if len(power) == 0 or np.ptp(power) > 1e-4 * power[0]:
            raise ValueError("All pilots of resource_grid must have one power.")
        symbols, subcarriers, pilots = _stack(sent)
        groups = _groups(sent != 0)
        num_averaged = max(len(group) for group in groups)
        _check_orthogonal(pilots, groups, num_averaged)
        frequencies = np.asarray(resource_grid.effective_subcarrier_ind)
        return cls(
            symbols,
            subcarriers,
            frequencies,
            pilots,
            float(power.mean()),
            groups,
            num_averaged,
        )

    @property
    def observed_at(self) -> np.ndarray:
        """Places of the observations in the FFT, [num_streams, num_observed], float.

        The middle of the pilots that were averaged, so it may lie between subcarriers.
        """
        places = self.frequencies[self.subcarriers]
        return places.reshape(len(places), -1, self.num_averaged).mean(axis=-1)


def _stack(sent):
    """Split each stream's grid of sent pilots into its symbols, subcarriers, values."""
    symbols, subcarriers, pilots = [], [], []
    for grid in sent:
        t, f = (np.flatnonzero(np.any(grid != 0, axis=axis)) for axis in (1, 0))
        values = grid[np.ix_(t, f)]
        if values.size == 0 or np.any(values == 0):
            raise ValueError(
                "The pilots of each stream must fill (OFDM symbols) x (subcarriers)."
            )
        symbols.append(t)
        subcarriers.append(f)
        pilots.append(values)
    if len({values.shape for values in pilots}) > 1:
        raise ValueError(
            "All streams must have as many pilot symbols and pilot subcarriers, got "
            f"{[values.shape for values in pilots]}."
        )
    return np.stack(symbols), np.stack(subcarriers), np.stack(pilots)


def _groups(sends) -> tuple[tuple[int, ...], ...]:
    """Group the streams that send on the same elements, [num_streams, T, F], bool."""
    groups: list[list[int]] = []
    for stream, elements in enumerate(sends):
        meets = [g for g in groups if np.any(sends[g[0]] & elements)]
        if not meets:
            groups.append([stream])
            continue
        if len(meets) > 1 or np.any(sends[meets[0][0]] != elements):
            raise ValueError(
                "The pilots of two streams must share all resource elements or none, "
                f"got streams {meets[0][0]} and {stream} that share some."
            )
        meets[0].append(stream)
    return tuple(tuple(group) for group in groups)


def _check_orthogonal(pilots, groups, num_averaged):
    num_subcarriers = pilots.shape[2]
    if num_subcarriers % num_averaged:
        raise ValueError(
            f"Where {num_averaged} streams share pilots, their {num_averaged} "
            "neighbours must fill the pilot subcarriers evenly (3GPP TS 38.211 "
            f"6.4.1.1.3), got {num_subcarriers}."
        )
    apart = pilots.reshape(*pilots.shape[:2], -1, num_averaged)
    for group in groups:
        for i, first in enumerate(group):
            for second in group[i + 1 :]:
                inner = np.sum(np.conj(apart[first]) * apart[second], axis=-1)
                if np.any(np.abs(inner) > 1e-3 * np.abs(apart[0, 0, 0, 0]) ** 2):
                    raise ValueError(
                        f"The pilots of streams {first} and {second}, which share "
                        f"resource elements, must be orthogonal over {num_averaged} "
                        "neighbouring pilot subcarriers, as those of the ports 0 and 1 "
                        "of 3GPP TS 38.211 table 6.4.1.1.3-1 are."
                    )
