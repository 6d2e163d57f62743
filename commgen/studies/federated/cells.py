"""The sets of the federated study: neighbouring cells, and the places of an office."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen.channels import UmaConfig, UmiConfig
from commgen.channels.array_config import ArrayConfig
from commgen.measures.decibel import noise_variance
from commgen.studies.seeds import part_seed
from commgen.studies.sets import drawn_events, polyu_set

#: Antennas of each cell's base station, in a horizontal line.
NUM_ANTENNAS = 32
# 15-degree sectors over 120 degrees, each further round of cells under the other
# scenario; line of sight forced, forbidden (all terminals outdoors) or by distance.
_SECTOR_DEG, _NUM_SECTORS, _FIRST_DEG = 15.0, 8, -60.0
_SCENARIOS = (UmiConfig, UmaConfig)
_SIGHTS = (
    {"los": True, "indoor_probability": 0.0},
    {"los": False, "indoor_probability": 0.0},
    {"los": None, "indoor_probability": 0.5},
)
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Cell:
    """What one node owns, and what it is judged by.

    Parameters
    ----------
    name
        Of the cell.
    train, validation, test : [n, *event_shape], complex64
        Channels of about unit mean power.
    groups : [num_test], int, or None
        Visit of each test channel, where channels of one are near-copies.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    groups: np.ndarray | None = None

    @property
    def visits(self) -> np.ndarray:
        """Visit of each test channel, [num_test]: each its own where none is known."""
        return np.arange(len(self.test)) if self.groups is None else self.groups

    def few(self, num_train: int) -> "Cell":
        """Return the cell with its first ``num_train`` training channels alone."""
        return Cell(
            self.name, self.train[:num_train], self.validation, self.test, self.groups
        )


def cell_configs(num_cells: int) -> dict[str, UmiConfig | UmaConfig]:
    """Return the configuration of each cell, by its name.

    Parameters
    ----------
    num_cells
        Up to 48, all different.
    """
    configs = {}
    for i in range(num_cells):
        sector, turn = i % _NUM_SECTORS, i // _NUM_SECTORS
        scenario = _SCENARIOS[(i + turn) % len(_SCENARIOS)]
        low = _FIRST_DEG + _SECTOR_DEG * sector
        config = scenario(
            bs_array=ArrayConfig(columns=NUM_ANTENNAS),
            direction="uplink",
            azimuth_min_deg=low,
            azimuth_max_deg=low + _SECTOR_DEG,
            distance_max_m=150.0 if scenario is UmiConfig else 300.0,
            **_SIGHTS[i % len(_SIGHTS)],
        )
        configs[f"cell-{i + 1:02d}"] = config
    return configs


def drawn_cells(
    folder: Path, num_cells: int, sizes: dict[str, int], *, seed: int
) -> list[Cell]:
    """Draw the channels of cells, or find them in ``folder``.

    Parameters
    ----------
    folder
        Where the channel files are kept.
    num_cells
        As in :func:`cell_configs`; the first eight of twenty are the eight.
    sizes
        Channels of "train", "validation" and "test" in each cell.
    seed
        Of the study; each part of each cell has its own.
    """
    cells = []
    for index, (name, config) in enumerate(cell_configs(num_cells).items()):
        parts = {}
        for part in _PARTS:
            parts[part] = drawn_events(
                folder / f"{name}-{part}.h5",
                config,
                sizes[part],
                seed=part_seed(seed, f"federated/{part}", index),
            ).h
        cells.append(Cell(name, **parts))
    return cells


def office_places(folder: Path, *, quick: bool = False) -> list[Cell]:
    """Import the office, one node for each of its eight places; needs COMMGEN_DATA.

    Days are split as everywhere: 2 to 19 to learn, 20 to 24 to choose, 25 to 28 to
    judge. Packets of one visit (day and period) are near-copies of each other. Of the
    few packets of a quick look, places that lack some part are left out.
    """
    office = polyu_set(folder, quick=quick)
    places = []
    visits = office.groups("test")
    for place in np.unique(np.asarray(office.train.labels["loc"])):
        here = {
            part: np.asarray(getattr(office, part).labels["loc"]) == place
            for part in _PARTS
        }
        parts = {part: getattr(office, part).h[rows] for part, rows in here.items()}
        groups = None if visits is None else visits[here["test"]]
        if all(len(h) for h in parts.values()):
            places.append(Cell(f"place-{place}", **parts, groups=groups))
    return places


def heterogeneity(
    cells: Sequence[Cell], *, snr_db: float = 10.0, seed: int
) -> list[dict[str, Any]]:
    r"""Return how far each cell's covariance lies from the pooled one.

    The Kullback-Leibler divergence per entry, in nats, of two zero-mean complex
    Gaussians seen in white noise,

    .. math:: \frac1n \left(\operatorname{tr}(\bar R^{-1} R_k) - n
        - \ln\det(\bar R^{-1} R_k)\right), \qquad
        R_k = \hat R_k + N_0 I, \; \bar R = \hat R + N_0 I.

    Parameters
    ----------
    cells
        Whose training channels are compared.
    snr_db
        Of the noise, to a channel of unit power [dB].
    seed
        Of the split at random into as many parts of the same sizes, which is what
        the size of the sets alone makes.

    Returns
    -------
    list of dict
        ``cell``, ``kl_nats`` and ``iid_kl_nats`` per entry.
    """
    no = noise_variance(snr_db)
    parts = [cell.train.reshape(len(cell.train), -1) for cell in cells]
    pooled = np.concatenate(parts)
    order = np.random.default_rng(seed).permutation(len(pooled))
    ends = np.cumsum([len(part) for part in parts])[:-1]
    whole = _covariance(pooled, no)
    return [
        {
            "cell": cell.name,
            "kl_nats": gaussian_divergence(_covariance(own, no), whole),
            "iid_kl_nats": gaussian_divergence(_covariance(mixed, no), whole),
        }
        for cell, own, mixed in zip(
            cells, parts, np.split(pooled[order], ends), strict=True
        )
    ]


def gaussian_divergence(R: np.ndarray, R_other: np.ndarray) -> float:
    """Return KL(CN(0, R) || CN(0, R_other)) per entry [nats], both [n, n], complex."""
    ratio = np.linalg.solve(R_other, R)
    log_det = np.linalg.slogdet(R)[1] - np.linalg.slogdet(R_other)[1]
    return float((np.trace(ratio).real - len(R) - log_det) / len(R))


def _covariance(h: np.ndarray, no: float) -> np.ndarray:
    h = h.astype(np.complex128)
    return h.T @ h.conj() / len(h) + no * np.eye(h.shape[1])
