"""What the benchmark of estimators learns from and judges by."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.npz import read_npz, write_npz
from commgen.channels import RECIPES, draw_channels
from commgen.studies.seeds import part_seed
from commgen.studies.sets import StudySet, drawn_set

#: Channels of the array of 64 antennas, and of arrays at both ends.
ARRAY_SIZES = {"train": 8000, "validation": 2000, "test": 4000}
SPATIAL_SIZES = {"train": 100_000, "validation": 2000, "test": 2000}


@dataclass(frozen=True)
class Genie:
    """Covariances that the genie knows, of the test channels.

    Parameters
    ----------
    covariance : [n, num_rx_ant], complex
        First column of that of the receive antennas.
    covariance_tx : [n, num_tx_ant], complex, or None
        First column of that of the transmit antennas.
    """

    covariance: np.ndarray
    covariance_tx: np.ndarray | None = None


def array_set(
    folder: Path, *, num_train: int | None = None, seed: int, sizes: dict[str, int]
) -> StudySet:
    """Draw UMi-64, or find it.

    Parameters
    ----------
    folder
        Where the channel files are kept.
    num_train
        Training channels of the larger set; it has the validation and test channels of
        the smaller one. None is the smaller set itself.
    seed
        The parts take this one and those that follow.
    sizes
        As :data:`ARRAY_SIZES`.
    """
    small = drawn_set(
        folder,
        RECIPES["umi64"],
        "umi64",
        {**sizes, "again": 1},
        seed=seed,
        symmetries=("phase", "reversal"),
    )
    if num_train is None:
        return small
    large = drawn_set(
        folder,
        RECIPES["umi64"],
        "umi64-large",
        {"train": num_train, "validation": 1, "test": 1, "again": 1},
        seed=part_seed(seed, "estimation/umi64-large"),
        symmetries=small.symmetries,
    )
    return StudySet(
        "umi64-large",
        small.layout,
        large.train,
        small.validation,
        small.test,
        None,
        small.symmetries,
        (),
        large.path,
    )


def genie(path: Path, config: Any, h: np.ndarray, *, seed: int) -> Genie:
    """Return what the genie knows of channels that were drawn with ``seed``.

    Parameters
    ----------
    path
        Where it is kept, ``.npz``.
    config
        Channel configuration.
    h : [n, ...], complex
        The channels, which are drawn again.
    seed
        That they were drawn with.

    Raises
    ------
    RuntimeError
        If the draw does not give ``h``.
    """
    if not path.is_file():
        draw = draw_channels(config, len(h), seed=seed, return_covariance=True)
        if not np.allclose(draw.h.ravel(), h.ravel(), atol=1e-3):
            raise RuntimeError(f"the channels beside {path} are not those of {seed}.")
        columns = {"covariance": draw.covariance, "covariance_tx": draw.covariance_tx}
        arrays: dict[str, Any] = {k: v for k, v in columns.items() if v is not None}
        write_npz(path, arrays)
    content = read_npz(path)
    return Genie(content["covariance"], content.get("covariance_tx"))
