"""Channels of users in one cell, drawn once and kept."""

from pathlib import Path

import numpy as np

from commgen.channels import RECIPES
from commgen.channels.array_config import ArrayConfig
from commgen.studies.seeds import part_seed
from commgen.studies.sets import drawn_events


def umi_users(
    folder: Path,
    num_drops: int,
    num_users: int,
    num_ant: int,
    *,
    seed: int,
    name: str = "drops",
) -> np.ndarray:
    """Draw users of an urban microcell, each of one antenna.

    Channels are those of the uplink of UMi-64 with another number of antennas, which by
    reciprocity are those of the downlink; large-scale gains are taken out, as by power
    control.

    Parameters
    ----------
    folder
        Where the channels are kept.
    num_drops, num_users, num_ant
        How many.
    seed
        Of the study.
    name
        What tells these draws from others of the study.

    Returns
    -------
    [num_drops, num_users, 1, num_ant], complex64
    """
    config = RECIPES["umi64"].model_copy(
        update={"bs_array": ArrayConfig(columns=num_ant)}
    )
    events = drawn_events(
        folder / f"umi{num_ant}-{name}.h5",
        config,
        num_drops * num_users,
        seed=part_seed(seed, f"beams/umi {name}"),
    )
    return events.h.reshape(num_drops, num_users, 1, num_ant)
