"""The link: transmit, estimate, detect, decode, count."""

from commgen.coding import LDPCDecoder, LDPCEncoder, TransportBlock
from commgen.generative.mixture.sample_covariance import choose_lmmse_prior, lmmse_prior
from commgen.measures.error import nmse, nmse_interval
from commgen.measures.intervals import wilson_interval
from commgen.phy.config import SimulationConfig, SweepConfig
from commgen.phy.config_file import dump_config, load_config, parse_config
from commgen.phy.counts import Block, Counts
from commgen.phy.demapper import demap
from commgen.phy.equalizer import FewStreamsLMMSEEqualizer, lmmse_equalize
from commgen.phy.estimation import (
    GridCovariance,
    LMMSEInterpolationEstimator,
    LSEstimator,
    PerfectCSI,
    PilotEstimator,
    PriorEstimator,
    SlotPriorEstimator,
)
from commgen.phy.example import EXAMPLE_YAML
from commgen.phy.figure import save_overview
from commgen.phy.grid import build_resource_grid, time_orthogonal_pilots
from commgen.phy.link import Link
from commgen.phy.link_config import LinkConfig
from commgen.phy.monte_carlo import InProcess, MonteCarlo
from commgen.phy.nmse_sweep import NmseSweep, save_nmse_sweep, sweep_nmse
from commgen.phy.nr import (
    HarqConfig,
    PuschConfig,
    PuschLink,
    ReferenceChannel,
    reference_channel,
)
from commgen.phy.readings import CurveReader, Reading, readings
from commgen.phy.run import RunResult, run_simulation
from commgen.phy.simulator import Simulator
from commgen.phy.tally import Tally
from commgen.phy.workers import Workers, WorkersLostError

__all__ = [
    "EXAMPLE_YAML",
    "Block",
    "Counts",
    "CurveReader",
    "FewStreamsLMMSEEqualizer",
    "GridCovariance",
    "HarqConfig",
    "InProcess",
    "LDPCDecoder",
    "LDPCEncoder",
    "LMMSEInterpolationEstimator",
    "LSEstimator",
    "Link",
    "LinkConfig",
    "MonteCarlo",
    "NmseSweep",
    "PerfectCSI",
    "PilotEstimator",
    "PriorEstimator",
    "PuschConfig",
    "PuschLink",
    "Reading",
    "ReferenceChannel",
    "RunResult",
    "SimulationConfig",
    "Simulator",
    "SlotPriorEstimator",
    "SweepConfig",
    "Tally",
    "TransportBlock",
    "Workers",
    "WorkersLostError",
    "build_resource_grid",
    "choose_lmmse_prior",
    "demap",
    "dump_config",
    "lmmse_equalize",
    "lmmse_prior",
    "load_config",
    "nmse",
    "nmse_interval",
    "parse_config",
    "readings",
    "reference_channel",
    "run_simulation",
    "save_nmse_sweep",
    "save_overview",
    "sweep_nmse",
    "time_orthogonal_pilots",
    "wilson_interval",
]
