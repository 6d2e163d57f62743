"""Sites: channels to learn a model from, and others that it has never seen."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from commgen.channels import RECIPES
from commgen.channels.array_config import ArrayConfig
from commgen.channels.grid_config import GridConfig
from commgen.datasets import read_channels, write_channels
from commgen.datasets.events import load_events
from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi
from commgen.measures.decibel import from_db, noise_variance
from commgen.studies.seeds import part_seed
from commgen.studies.sets import drawn_events, polyu_set

#: The microcell of UMi-64 with two antennas, over 8.6 MHz.
UMI = RECIPES["umi64"].model_copy(
    update={
        "bs_array": ArrayConfig(columns=2),
        "grid": GridConfig(num_subcarriers=72, subcarrier_spacing_hz=120e3),
    }
)
# Of the mutual information of QAM over SNR, for thresholds.
_TABLE_DB = np.arange(-20.0, 40.0, 0.5)
_ORDER = 12
_HALVINGS = 30


@dataclass(frozen=True)
class Site:
    """Channels of a site.

    Parameters
    ----------
    name
        Of the site.
    h : [n, num_rx_ant, 1, num_subcarriers], complex64
        To learn from.
    test
        Channel file of the others.
    subcarrier_spacing_hz
        Of both.
    snr_db
        First and last SNR of the blocks [dB].
    """

    name: str
    h: np.ndarray
    test: Path
    subcarrier_spacing_hz: float
    snr_db: tuple[float, float]


def umi_site(folder: Path, num_train: int, num_test: int, *, seed: int) -> Site:
    """Draw an urban microcell, uplink to two antennas."""
    train, test = (
        drawn_events(
            folder / f"umi-{part}.h5", UMI, size, seed=part_seed(seed, f"site/{part}")
        )
        for part, size in (("train", num_train), ("test", num_test))
    )
    spacing_hz = float(test.meta.subcarrier_spacing_hz or 0)
    return Site(
        "umi", train.h[:, :, None], folder / "umi-test.h5", spacing_hz, (12.0, 18.0)
    )


def office_site(folder: Path, num_train: int, num_test: int, *, seed: int) -> Site:
    """Import the office of PolyU; needs ``COMMGEN_DATA``.

    Days 2 to 19 are learned from, days 25 to 28 are tested on. Each stream of the
    transmitter is a channel of its own to the three receive antennas.
    """
    polyu_set(folder)
    files = {}
    for part, size in (("train", num_train), ("test", num_test)):
        h, meta, _ = read_channels(folder / f"polyu-{part}.h5")
        h = np.concatenate(np.split(h, h.shape[2], axis=2))
        rng = np.random.default_rng(part_seed(seed, f"site/{part}"))
        h = h[rng.permutation(len(h))[:size]]
        files[part] = folder / f"office-{part}.h5"
        write_channels(files[part], h, meta)
    train = load_events(files["train"])
    spacing_hz = float(train.meta.subcarrier_spacing_hz or 0)
    return Site("office", train.h[:, :, None], files["test"], spacing_hz, (9.0, 14.0))


#: Name to what makes it of folder, channels to learn from and to test on, and seed.
SITES: dict[str, Callable[..., Site]] = {"umi": umi_site, "office": office_site}
#: That of them which is a recording.
MEASURED = "office"


def gains_of(h: np.ndarray, num_gains: int) -> tuple[float, ...]:
    """Return equally likely gains of channels with their antennas combined.

    Parameters
    ----------
    h : [n, ..., num_subcarriers], complex
        Channels; those of all antennas add up.
    num_gains
        Means of so many parts of all gains, in rising order.
    """
    return _parts(_combined(h), num_gains)


def threshold_gains_of(
    h: np.ndarray, rate: float, num_bits_per_symbol: int, num_gains: int
) -> tuple[float, ...]:
    """Return the gains that a block sees where it is just decoded.

    A block lies on one channel: it is decoded from the SNR on at which QAM carries the
    rate over this channel. Channels are scaled to that SNR, so that the gains are those
    on which errors depend.

    Parameters
    ----------
    h, num_gains
        As of :func:`gains_of`; the scale of the gains is that of SNR.
    rate, num_bits_per_symbol
        Of the QAM.
    """
    table = _carried(num_bits_per_symbol)
    g = _combined(h)
    g_db = 10 * np.log10(np.maximum(g, 1e-6 * g.mean()))
    low, high = (np.full((len(g), 1), end) for end in (_TABLE_DB[0], _TABLE_DB[-1]))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        carried = np.interp(g_db + middle, _TABLE_DB, table).mean(1, keepdims=True)
        low, high = (
            np.where(carried < rate, middle, low),
            np.where(carried < rate, high, middle),
        )
    return _parts(g * from_db(high), num_gains)


@lru_cache(maxsize=4)
def _carried(num_bits_per_symbol) -> np.ndarray:
    """Return what QAM carries at the SNRs of the table."""
    qam, no = Constellation.qam(num_bits_per_symbol), noise_variance(_TABLE_DB)
    return np.asarray(gmi(qam, no, order=_ORDER))


def _combined(h) -> np.ndarray:
    antennas = tuple(range(1, h.ndim - 1))
    return np.sum(np.abs(h.astype(np.complex128)) ** 2, axis=antennas)


def _parts(g, num_gains) -> tuple[float, ...]:
    parts = np.array_split(np.sort(g, axis=None), num_gains)
    return tuple(float(part.mean()) for part in parts)
