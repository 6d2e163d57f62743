"""Where the pilots of each stream lie in a resource grid."""

from dataclasses import dataclass

import numpy as np
from sionna.phy.ofdm import ResourceGrid


@dataclass(frozen=True)
class PilotLayout:
    """Pilots that each stream sends itself, as (OFDM symbols) x (subcarriers).

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
    """

    symbols: np.ndarray
    subcarriers: np.ndarray
    frequencies: np.ndarray
    pilots: np.ndarray
    power: float

    @classmethod
    def of(cls, resource_grid: ResourceGrid) -> "PilotLayout":
        """Read the layout of a grid with one transmitter.

        Raises
        ------
        TypeError
            If ``resource_grid`` is not a Sionna ``ResourceGrid``.
        ValueError
            If it has several transmitters, no pilots, pilots of different powers, or
            a stream's pilots do not fill symbols x subcarriers, the same number for
            all streams.
        """
        if not isinstance(resource_grid, ResourceGrid):
            raise TypeError(
                f"resource_grid must be a ResourceGrid, got {type(resource_grid)}."
            )
        pattern = resource_grid.pilot_pattern
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
        frequencies = np.asarray(resource_grid.effective_subcarrier_ind)
        return cls(symbols, subcarriers, frequencies, pilots, float(power.mean()))


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
