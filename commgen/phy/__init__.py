"""The link: transmit, estimate, detect, decode, count."""

from commgen.phy.config import SimulationConfig, SweepConfig
from commgen.phy.config_file import dump_config, load_config, parse_config
from commgen.phy.equalizer import FewStreamsLMMSEEqualizer, lmmse_equalize
from commgen.phy.estimation import (
    LSEstimator,
    PerfectCSI,
    PilotEstimator,
    PriorEstimator,
)
from commgen.phy.example import EXAMPLE_YAML
from commgen.phy.figure import save_overview
from commgen.phy.grid import build_resource_grid, time_orthogonal_pilots
from commgen.phy.link import Link
from commgen.phy.link_config import LinkConfig
from commgen.phy.metrics import nmse, nmse_interval, wilson_interval
from commgen.phy.monte_carlo import MonteCarlo, Tally
from commgen.phy.nmse_sweep import NmseSweep, save_nmse_sweep, sweep_nmse
from commgen.phy.run import RunResult, run_simulation

__all__ = [
    "EXAMPLE_YAML",
    "FewStreamsLMMSEEqualizer",
    "LSEstimator",
    "Link",
    "LinkConfig",
    "MonteCarlo",
    "NmseSweep",
    "PerfectCSI",
    "PilotEstimator",
    "PriorEstimator",
    "RunResult",
    "SimulationConfig",
    "SweepConfig",
    "Tally",
    "build_resource_grid",
    "dump_config",
    "lmmse_equalize",
    "load_config",
    "nmse",
    "nmse_interval",
    "parse_config",
    "run_simulation",
    "save_nmse_sweep",
    "save_overview",
    "sweep_nmse",
    "time_orthogonal_pilots",
    "wilson_interval",
]
