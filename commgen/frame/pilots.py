"""Pilots of unit power that the streams of a frame send one after the other."""

from collections.abc import Iterable

import numpy as np

_PILOT_SEED = 20261123  # the pilots are part of the frame, not of the experiment


def pilot_symbols(
    num_ofdm_symbols: int,
    num_effective_subcarriers: int,
    pilot_ofdm_symbol_indices: Iterable[int],
    *,
    num_streams: int = 1,
    subcarrier_step: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Return where pilots stand, and what is sent there.

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

    Returns
    -------
    mask : [num_streams, num_ofdm_symbols, num_effective_subcarriers], bool
        The same for all streams.
    pilots : [num_streams, num_pilots], complex64
        In the order of the mask; zero where another stream sends.

    Raises
    ------
    ValueError
        If the symbols cannot be shared evenly or lie outside the slot.
    """
    symbols = sorted(int(i) for i in pilot_ofdm_symbol_indices)
    if len(set(symbols)) < len(symbols):
        raise ValueError(f"pilot_ofdm_symbol_indices must be distinct, got {symbols}.")
    if symbols and not 0 <= symbols[0] <= symbols[-1] < num_ofdm_symbols:
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
    shape = (len(symbols), len(range(0, num_effective_subcarriers, subcarrier_step)))
    qpsk = np.exp(1j * np.pi / 2 * (rng.integers(4, size=shape) + 0.5))
    owner = np.arange(len(symbols)) % num_streams
    pilots = np.stack(
        [np.where(owner[:, None] == s, qpsk, 0) for s in range(num_streams)]
    )
    masks = np.broadcast_to(mask, (num_streams, *mask.shape))
    return masks, pilots.reshape(num_streams, -1).astype(np.complex64)
