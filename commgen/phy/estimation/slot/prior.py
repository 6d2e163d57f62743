"""From a configuration to the prior over the slot."""

from typing import Any

import numpy as np

from commgen.frame.slot_bank import mid_points
from commgen.frame.slot_files import load_grid_mixture
from commgen.frame.slot_mixture import GridMixture
from commgen.phy.estimation.slot.bank import tdl_bank

_TOLERANCE = 1e-4  # of a link, where 40 dB below the channel is enough
_NUM_INSIDE = 3  # delay spreads in one component


def build_slot_prior(config: Any, resource_grid: Any) -> GridMixture:
    """Return the prior of a ``SlotConfig`` over the grid of its link."""
    if config.model is not None:
        return load_grid_mixture(config.model)
    symbols = np.arange(resource_grid.num_ofdm_symbols)
    subcarriers = np.asarray(resource_grid.effective_subcarrier_ind, float)
    num = config.num_delay_spreads
    spreads = mid_points(
        config.delay_spread_min_s,
        config.delay_spread_max_s,
        num * _NUM_INSIDE,
        log=True,
    )
    return tdl_bank(
        symbols * float(resource_grid.ofdm_symbol_duration),
        subcarriers * float(resource_grid.subcarrier_spacing),
        models=config.models,
        delay_spreads_s=spreads.reshape(num, _NUM_INSIDE),
        max_dopplers_hz=mid_points(0, config.max_doppler_hz, config.num_dopplers),
        tolerance=_TOLERANCE,
    )
