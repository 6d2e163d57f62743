"""The resource grid of a PUSCH, with the DMRS of TS 38.211 from Sionna."""

from typing import Any

import numpy as np
from sionna.phy.nr import CarrierConfig, PUSCHConfig, PUSCHDMRSConfig, PUSCHPilotPattern
from sionna.phy.ofdm import ResourceGrid

from commgen.phy.nr.numerology import NUM_OFDM_SYMBOLS


def build_pusch_grid(config: Any) -> ResourceGrid:
    """Return the Sionna grid of a :class:`~commgen.phy.nr.PuschConfig`.

    One transmitter with a stream for each layer. The pilots are the DMRS of ports 0 to
    ``num_layers - 1`` in slot 0; they have energy 2, data symbols have 1, and ports 0
    and 1 share their resource elements (TS 38.211 6.4.1.1, configuration type 1).
    """
    pusch = sionna_pusch_config(config)
    bandwidth_hz = config.num_effective_subcarriers * config.subcarrier_spacing_hz
    return ResourceGrid(
        num_ofdm_symbols=NUM_OFDM_SYMBOLS,
        fft_size=config.num_effective_subcarriers,
        subcarrier_spacing=config.subcarrier_spacing_hz,
        num_tx=1,
        num_streams_per_tx=config.num_layers,
        cyclic_prefix_length=int(
            np.ceil(pusch.carrier.cyclic_prefix_length * bandwidth_hz)
        ),
        pilot_pattern=PUSCHPilotPattern([pusch]),
    )


def sionna_pusch_config(config: Any) -> PUSCHConfig:
    """Return the same PUSCH as a Sionna ``PUSCHConfig``."""
    carrier = configured(
        CarrierConfig,
        n_cell_id=config.cell_id,
        subcarrier_spacing=round(config.subcarrier_spacing_hz / 1e3),
        n_size_grid=config.num_prb,
    )
    dmrs = configured(
        PUSCHDMRSConfig,
        config_type=1,
        length=1,
        type_a_position=config.type_a_position,
        additional_position=config.dmrs_additional_position,
        num_cdm_groups_without_data=2,
    )
    return configured(
        PUSCHConfig,
        carrier,
        dmrs,
        num_layers=config.num_layers,
        num_antenna_ports=config.num_layers,
        mapping_type=config.mapping_type,
        symbol_allocation=[0, NUM_OFDM_SYMBOLS],
        n_rnti=config.rnti,
        precoding="non-codebook",
    )


def configured(kind: type, *parts: Any, **values: Any) -> Any:
    """Make a Sionna NR configuration, and see that it took every value.

    Sionna 1.2.2 passes over keyword arguments that it does not know.

    Raises
    ------
    TypeError
        If ``kind`` has no setting of a name in ``values``.
    ValueError
        If a setting does not keep its value.
    """
    for name in values:
        setting = getattr(kind, name, None)
        if not isinstance(setting, property) or setting.fset is None:
            raise TypeError(
                f"values must name settings of {kind.__name__}, got {name!r}."
            )
    made = kind(*parts, **values)
    for name, value in values.items():
        if getattr(made, name) != value:
            raise ValueError(
                f"{name} of {kind.__name__} must become {value!r}, "
                f"got {getattr(made, name)!r}."
            )
    return made
