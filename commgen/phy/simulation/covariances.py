"""The covariance that an LMMSE interpolation is told, from the configuration."""

from typing import Any

import numpy as np

from commgen.channels import TdlConfig
from commgen.channels.config import FIXED_DELAY_SPREAD_S, SPEED_OF_LIGHT_M_S
from commgen.phy.estimation.covariance import GridCovariance, tdl_taps
from commgen.phy.simulation.source_config import ThreeGPPSource

_NUM_POINTS = 16  # of a range of delay spreads or speeds


def channel_covariance(entry: Any, channel: Any, resource_grid: Any) -> GridCovariance:
    """Return the covariance of the channels of a simulation over its grid.

    Parameters
    ----------
    entry : LMMSEInterpolationConfig
        If it has a delay spread, that of an exponential profile; otherwise the true
        one.
    channel : SourceConfig
        Source of the simulation. The truth is known for ``scenario: tdl``. Several
        models, a range of delay spreads and a range of speeds are averaged over, the
        ranges at 16 points; with a specular path that moves the channel is not quite
        separable, see :meth:`~commgen.phy.estimation.GridCovariance.from_taps`.
    resource_grid : ResourceGrid
        Its grid.

    Raises
    ------
    ValueError
        If the covariance is not known.
    """
    if entry.delay_spread_s is not None:
        return GridCovariance.exponential(
            resource_grid, entry.delay_spread_s, max_doppler_hz=entry.max_doppler_hz
        )
    config = channel.config if isinstance(channel, ThreeGPPSource) else None
    if not isinstance(config, TdlConfig):
        raise ValueError(
            "delay_spread_s must be given, with max_doppler_hz, where the channel is "
            "not of scenario tdl and its covariance so not known, got channel "
            f"{getattr(config, 'scenario', channel.source)!r}"
        )
    delays_s, powers, los_power = _mixed_taps(config)
    speeds = _points(*config.speed_range_m_s)
    return GridCovariance.from_taps(
        resource_grid,
        delays_s,
        powers,
        max_doppler_hz=speeds * config.carrier_hz / SPEED_OF_LIGHT_M_S,
        los_power=los_power,
    )


def _mixed_taps(config: TdlConfig) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the taps of all models at all delay spreads, their powers shared out."""
    delays_s, powers, los_power = [], [], 0.0
    for model in config.model:
        spreads = _delay_spreads(config, model)
        share = 1 / (len(config.model) * len(spreads))
        for spread in spreads:
            tau, p, los = tdl_taps(model, spread)
            delays_s.append(tau)
            powers.append(share * p)
            los_power += share * los
    return np.concatenate(delays_s), np.concatenate(powers), los_power


def _delay_spreads(config: TdlConfig, model: str) -> np.ndarray:
    low, high = config.delay_spread_range_s
    if model in FIXED_DELAY_SPREAD_S:
        return np.array([FIXED_DELAY_SPREAD_S[model]])
    return np.array([low]) if low == high else np.exp(_points(*np.log([low, high])))


def _points(low: float, high: float) -> np.ndarray:
    """Return points that stand for a uniform law: the middles of equal parts."""
    if low == high:
        return np.array([low])
    return low + (high - low) * (np.arange(_NUM_POINTS) + 0.5) / _NUM_POINTS
