"""The resource grid of a link, with one pilot pattern for all stream counts."""

from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.ofdm import PilotPattern, ResourceGrid

from commgen.frame.pilots import pilot_symbols


class EffectiveSubcarriers:
    """Drop guards and DC, as Sionna's ``RemoveNulledSubcarriers``; often a no-op.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid whose last axis ``x`` has.

    Input
    -----
    x : [..., fft_size]
        Any type.

    Output
    ------
    x : [..., num_effective_subcarriers]
    """

    def __init__(self, resource_grid: ResourceGrid):
        index = np.asarray(resource_grid.effective_subcarrier_ind)
        self._index = None if len(index) == resource_grid.fft_size else index

    def __call__(self, x):
        """Return ``x`` itself where all subcarriers are in use."""
        return x if self._index is None else tf.gather(x, self._index, axis=-1)


def time_orthogonal_pilots(
    num_ofdm_symbols: int,
    num_effective_subcarriers: int,
    pilot_ofdm_symbol_indices,
    *,
    num_streams: int = 1,
    subcarrier_step: int = 1,
) -> PilotPattern:
    """Return :func:`~commgen.frame.pilots.pilot_symbols` as Sionna takes them."""
    masks, pilots = pilot_symbols(
        num_ofdm_symbols,
        num_effective_subcarriers,
        pilot_ofdm_symbol_indices,
        num_streams=num_streams,
        subcarrier_step=subcarrier_step,
    )
    return PilotPattern(masks[None], pilots[None])


def build_resource_grid(link: Any) -> ResourceGrid:
    """Return the Sionna grid of a :class:`~commgen.phy.LinkConfig`."""
    return ResourceGrid(
        num_ofdm_symbols=link.num_ofdm_symbols,
        fft_size=link.fft_size,
        subcarrier_spacing=link.subcarrier_spacing_hz,
        num_tx=1,
        num_streams_per_tx=link.num_streams,
        cyclic_prefix_length=link.cyclic_prefix_length,
        num_guard_carriers=link.num_guard_carriers,
        dc_null=link.dc_null,
        pilot_pattern=time_orthogonal_pilots(
            link.num_ofdm_symbols,
            link.num_effective_subcarriers,
            link.pilot_ofdm_symbol_indices,
            num_streams=link.num_streams,
            subcarrier_step=link.pilot_subcarrier_step,
        ),
    )
