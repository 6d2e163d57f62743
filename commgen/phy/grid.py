"""The resource grid of a link, with one pilot pattern for all stream counts."""

from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.ofdm import PilotPattern, ResourceGrid

_PILOT_SEED = 20261123  # the pilots are part of the frame, not of the experiment


class EffectiveSubcarriers:
    """Drop guards and DC, as Sionna's ``RemoveNulledSubcarriers``; often a no-op.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid whose last axis ``x`` has.

    Input
    -----
    x : [..., fft_size]
        Any type.

    Output
    ------
    x : [..., num_effective_subcarriers]
    """

    def __init__(self, resource_grid: ResourceGrid):
        index = np.asarray(resource_grid.effective_subcarrier_ind)
        self._index = None if len(index) == resource_grid.fft_size else index

    def __call__(self, x):
        """Return ``x`` itself where all subcarriers are in use."""
        return x if self._index is None else tf.gather(x, self._index, axis=-1)


def time_orthogonal_pilots(
    num_ofdm_symbols: int,
    num_effective_subcarriers: int,
    pilot_ofdm_symbol_indices,
    *,
    num_streams: int = 1,
    subcarrier_step: int = 1,
) -> PilotPattern:
    """Pilots of unit power that the streams send one after the other.

    Pilot symbol number i belongs to stream ``i % num_streams``, which sends QPSK of
    unit power on every ``subcarrier_step``-th subcarrier; the others are silent
    there. Each receive antenna so sees ``h + n`` for each stream, without
    interference.

    Parameters
    ----------
    num_ofdm_symbols, num_effective_subcarriers
        Size of the grid, without guards and DC.
    pilot_ofdm_symbol_indices
        Pilot symbols, distinct, their number a multiple of ``num_streams``.
    num_streams
        Streams of the one transmitter.
    subcarrier_step
        1: all subcarriers carry pilots; n: every n-th, from the first.

    Raises
    ------
    ValueError
        If the symbols cannot be shared evenly or lie outside the slot.
    """
    symbols = sorted(int(i) for i in pilot_ofdm_symbol_indices)
    if not symbols or len(set(symbols)) < len(symbols):
        raise ValueError(
            "pilot_ofdm_symbol_indices must be distinct and at least one, "
            f"got {symbols}."
        )
    if symbols[0] < 0 or symbols[-1] >= num_ofdm_symbols:
        raise ValueError(
            f"pilot_ofdm_symbol_indices must lie in 0..{num_ofdm_symbols - 1}, "
            f"got {symbols}."
        )
    if len(symbols) % num_streams:
        raise ValueError(
            f"pilot_ofdm_symbol_indices must share {len(symbols)} symbols evenly "
            f"among num_streams = {num_streams}."
        )
    mask = np.zeros((num_ofdm_symbols, num_effective_subcarriers), bool)
    mask[symbols, ::subcarrier_step] = True
    rng = np.random.default_rng(_PILOT_SEED)
    shape = (len(symbols), int(mask[symbols[0]].sum()))
    qpsk = np.exp(1j * np.pi / 2 * (rng.integers(4, size=shape) + 0.5))
    owner = np.arange(len(symbols)) % num_streams
    pilots = np.stack(
        [np.where(owner[:, None] == s, qpsk, 0) for s in range(num_streams)]
    )
    masks = np.broadcast_to(mask, (1, num_streams, *mask.shape))
    return PilotPattern(masks, pilots.reshape(1, num_streams, -1).astype(np.complex64))


def build_resource_grid(link: Any) -> ResourceGrid:
    """Return the Sionna grid of a :class:`~commgen.phy.LinkConfig`."""
    return ResourceGrid(
        num_ofdm_symbols=link.num_ofdm_symbols,
        fft_size=link.fft_size,
        subcarrier_spacing=link.subcarrier_spacing_hz,
        num_tx=1,
        num_streams_per_tx=link.num_streams,
        cyclic_prefix_length=link.cyclic_prefix_length,
        num_guard_carriers=link.num_guard_carriers,
        dc_null=link.dc_null,
        pilot_pattern=time_orthogonal_pilots(
            link.num_ofdm_symbols,
            link.num_effective_subcarriers,
            link.pilot_ofdm_symbol_indices,
            num_streams=link.num_streams,
            subcarrier_step=link.pilot_subcarrier_step,
        ),
    )
