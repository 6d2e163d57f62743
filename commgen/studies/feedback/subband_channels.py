"""Directions of a terminal's subbands, which a base station is to send along."""

from pathlib import Path

import numpy as np

from commgen._files.npz import read_npz, write_npz
from commgen._progress import progress_bar
from commgen.channels import ArrayConfig, GridConfig, UmiConfig, iterate_channels

NUM_SUBBANDS, NUM_BLOCKS = 13, 4
#: 32 ports of 2 x 8 crossed pairs, terminals with two pairs, 13 subbands of four
#: resource blocks at 15 kHz, one frequency of each block.
PORTS = (8, 2)
UMI32 = UmiConfig(
    carrier_hz=3.5e9,
    bs_array=ArrayConfig(rows=2, columns=8, polarisation="cross"),
    ut_array=ArrayConfig(columns=2, polarisation="cross"),
    direction="downlink",
    distance_min_m=10.0,
    distance_max_m=150.0,
    azimuth_min_deg=-60.0,
    azimuth_max_deg=60.0,
    indoor_probability=0.5,
    num_floors=4,
    bs_height_m=10.0,
    grid=GridConfig(
        num_subcarriers=NUM_SUBBANDS * NUM_BLOCKS, subcarrier_spacing_hz=180e3
    ),
)


def subband_directions(h: np.ndarray) -> np.ndarray:
    """Return the strongest right singular vector of each subband.

    Parameters
    ----------
    h : [n, num_rx_ant, num_tx_ant, num_subcarriers], complex
        Channels; subcarriers are a multiple of :data:`NUM_SUBBANDS`.

    Returns
    -------
    [n, num_subbands, num_tx_ant], complex64
        Of unit norm. Each is turned such that its inner product with the one before is
        positive: phases of subbands are free, and so change least.
    """
    n, rx, tx, f = h.shape
    blocks = h.reshape(n, rx, tx, NUM_SUBBANDS, f // NUM_SUBBANDS)
    rows = blocks.transpose(0, 3, 4, 1, 2).reshape(n, NUM_SUBBANDS, -1, tx)
    rows = rows.astype(np.complex128)
    gram = rows @ np.swapaxes(rows.conj(), -1, -2)
    strongest = np.linalg.eigh(gram)[1][..., -1]
    w = np.einsum("ntrm,ntr->ntm", rows.conj(), strongest)
    w /= np.linalg.norm(w, axis=-1, keepdims=True)
    steps = np.sum(w[:, :-1].conj() * w[:, 1:], axis=-1)
    turned = np.cumsum(np.angle(steps), axis=1)
    w[:, 1:] *= np.exp(-1j * turned)[..., None]
    return w.astype(np.complex64)


def drawn_directions(path: Path, num_samples: int, *, seed: int) -> np.ndarray:
    """Draw directions [n, num_subbands, num_ports] into a file, or find them."""
    told = np.array([num_samples, seed])
    if path.exists():
        kept = read_npz(path)
        if "told" in kept and np.array_equal(kept["told"], told):
            return kept["w"]
    parts = []
    title = f"drawing {path.stem}"
    with progress_bar(title, num_samples, unit="channels") as go:
        for part in iterate_channels(UMI32, num_samples, seed=seed):
            h = part.h.reshape(len(part.h), UMI32.num_rx_ant, UMI32.num_tx_ant, -1)
            parts.append(subband_directions(h))
            go(len(h))
    w = np.concatenate(parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_npz(path, {"w": w, "told": told})
    return w
