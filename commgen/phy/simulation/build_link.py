"""From a configuration to the link that it describes."""

from typing import Any

from commgen.phy.nr.config import PuschConfig
from commgen.phy.nr.link import PuschLink
from commgen.phy.ofdm.link import Link
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.sources import build_source


def build_link(config: SimulationConfig, *, jit_compile: bool = True) -> Any:
    """Build source and link of a simulation.

    Parameters
    ----------
    config
        The simulation.
    jit_compile
        As in :class:`~commgen.phy.Link`.

    Returns
    -------
    Link or PuschLink

    Raises
    ------
    ValueError, OSError
        As :func:`~commgen.phy.simulation.sources.build_source`.
    """
    source = build_source(config, seed=config.seed)
    make: Any = PuschLink if isinstance(config.link, PuschConfig) else Link
    return make(config.link, source, seed=config.seed, jit_compile=jit_compile)
