"""Channels of 32 antennas over 32 delays, as networks for feedback take them."""

from pathlib import Path

import numpy as np

from commgen._files.npz import read_npz, write_npz
from commgen._progress import progress_bar
from commgen.channels import RECIPES, ArrayConfig, GridConfig, iterate_channels

NUM_ANT = NUM_DELAYS = 32
_NUM_SUBCARRIERS, _BANDWIDTH_HZ = 128, 20e6
#: UMi-64 with 32 antennas and 20 MHz, so that a delay is 50 ns.
UMI_DELAYS = RECIPES["umi64"].model_copy(
    update={
        "bs_array": ArrayConfig(columns=NUM_ANT),
        "grid": GridConfig(
            num_subcarriers=_NUM_SUBCARRIERS,
            subcarrier_spacing_hz=_BANDWIDTH_HZ / _NUM_SUBCARRIERS,
        ),
    }
)


def delay_angle(h: np.ndarray) -> np.ndarray:
    """Return the first delays of channels, over beams.

    Parameters
    ----------
    h : [n, num_ant, num_subcarriers], complex
        Over antennas and subcarriers, DC in the middle.

    Returns
    -------
    [n, num_ant, NUM_DELAYS], complex64
        Discrete Fourier transforms of both axes, unitary; what is later is left out.
    """
    taps = np.fft.ifft(np.fft.ifftshift(h, axes=2), axis=2, norm="ortho")
    beams = np.fft.fft(taps[..., :NUM_DELAYS], axis=1, norm="ortho")
    return beams.astype(np.complex64)


def over_antennas(h: np.ndarray) -> np.ndarray:
    """Return channels over delays and beams as such over antennas and frequencies.

    Parameters
    ----------
    h : [n, num_ant, num_delays], complex

    Returns
    -------
    [n, num_ant, num_delays], complex64
        Of the same power; frequencies are as many as delays.
    """
    antennas = np.fft.ifft(h, axis=1, norm="ortho")
    return np.fft.fft(antennas, axis=2, norm="ortho").astype(np.complex64)


def drawn_delay_angles(path: Path, num_samples: int, *, seed: int) -> np.ndarray:
    """Draw channels [n, num_ant, NUM_DELAYS] into a file, or find them.

    They are scaled such that an entry has unit power on the mean of all channels that
    could be drawn, about: by the number of subcarriers over delays.
    """
    told = np.array([num_samples, seed])
    if path.exists():
        kept = read_npz(path)
        if "told" in kept and np.array_equal(kept["told"], told):
            return kept["h"]
    parts = []
    with progress_bar(f"drawing {path.stem}", num_samples, unit="channels") as go:
        for part in iterate_channels(UMI_DELAYS, num_samples, seed=seed):
            parts.append(delay_angle(part.h.reshape(len(part.h), NUM_ANT, -1)))
            go(len(parts[-1]))
    h = np.concatenate(parts) * np.float32(np.sqrt(NUM_DELAYS / _NUM_SUBCARRIERS))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_npz(path, {"h": h, "told": told})
    return h
