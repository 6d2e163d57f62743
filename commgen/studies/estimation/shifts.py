"""Channels of other places than a prior was trained in, on the array of UMi-64."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.channels import (
    UMI64,
    CdlConfig,
    RayleighConfig,
    RmaConfig,
    draw_channels,
)
from commgen.channels.config import CdlModel
from commgen.studies.seeds import part_seed
from commgen.studies.sets import UMA64

_SPACING_WAVELENGTHS = 0.7
_CARRIER_HZ = 28e9
_PROFILES: tuple[CdlModel, ...] = ("A", "B", "C", "D", "E")

#: Name to channel configuration; "umi" is the place of the training itself.
SHIFTS: dict[str, Any] = {
    "umi": UMI64,
    "uma": UMA64,
    # A tall site far out: its terminals are seen as one narrow beam.
    "rma": RmaConfig(
        carrier_hz=3.5e9,
        bs_array=UMI64.bs_array,
        direction="uplink",
        distance_min_m=35.0,
        distance_max_m=3000.0,
        azimuth_min_deg=-60.0,
        azimuth_max_deg=60.0,
        indoor_probability=0.5,
    ),
    **{
        f"cdl-{model.lower()}": CdlConfig(
            model=(model,),
            carrier_hz=3.5e9,
            bs_array=UMI64.bs_array,
            direction="uplink",
        )
        for model in _PROFILES
    },
    "carrier": UMI64.model_copy(update={"carrier_hz": _CARRIER_HZ}),
    "spacing": UMI64.model_copy(
        update={
            "bs_array": UMI64.bs_array.model_copy(
                update={"horizontal_spacing_wavelengths": _SPACING_WAVELENGTHS}
            )
        }
    ),
    # Nothing to be learned from: no estimator can beat LMMSE with a unit covariance.
    "rayleigh": RayleighConfig(num_rx_ant=64),
}


def shift_sets(
    num: int, seed: int, names: Sequence[str] = tuple(SHIFTS)
) -> dict[str, np.ndarray]:
    """Draw the channels of every shift.

    Parameters
    ----------
    num
        Channels of each set, at least 1.
    seed
        Sets take this one and those that follow, in the order of ``SHIFTS``.
    names
        Of those to draw.

    Returns
    -------
    dict
        Name to h : [num, 64], complex64, of unit expected power. The names are those
        of ``SHIFTS``: "umi" (another draw of what was learned), "uma", "rma", "cdl-a"
        to "cdl-e" (TR 38.901 table 7.7.1-1 to -5, 100 ns), "carrier" (UMi at 28 GHz),
        "spacing" (UMi, antennas 0.7 wavelengths apart) and "rayleigh" (independent
        antennas).

    Raises
    ------
    TypeError, ValueError
        If ``num`` or ``seed`` is no whole number in range.
    """
    check_int("num", num, low=1)
    check_int("seed", seed, low=0)
    draw = partial(_draw, num)
    return {
        name: draw(config, part_seed(seed, "shifts/set", k))
        for k, (name, config) in enumerate(SHIFTS.items())
        if name in names
    }


def _draw(num: int, config: Any, seed: int) -> np.ndarray:
    return draw_channels(config, num, seed=seed).h.reshape(num, -1)


def as_array_events(h: np.ndarray, size: int = 64) -> np.ndarray:
    """Cut measured channels to lines of ``size`` entries, of unit mean power each.

    A recording that has no such array stands for "something else altogether": the
    first ``size`` entries of each channel, in C order, are taken for antennas.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels of at least ``size`` entries each.
    size
        Entries of a line.

    Returns
    -------
    [n, size], complex64

    Raises
    ------
    ValueError
        If a channel has fewer entries, or a line is all zero.
    """
    check_int("size", size, low=1)
    flat = np.asarray(h).reshape(len(h), -1)
    if flat.shape[1] < size:
        raise ValueError(
            f"h must have at least {size} entries a channel, got {flat.shape[1]}."
        )
    lines = flat[:, :size]
    power = np.mean(np.abs(lines) ** 2, axis=1, keepdims=True)
    if power.min() == 0:
        raise ValueError("h must have power in each line, got one of all zeros.")
    return (lines / np.sqrt(power)).astype(np.complex64)
