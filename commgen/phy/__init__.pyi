from . import (
    estimation as estimation,
    nr as nr,
    receiver as receiver,
)
from .counts import Counts as Counts
from .downlink.experiment import DownlinkExperiment as DownlinkExperiment
from .estimation import (
    GridCovariance as GridCovariance,
    LMMSEInterpolationEstimator as LMMSEInterpolationEstimator,
    LSEstimator as LSEstimator,
    PerfectCSI as PerfectCSI,
    PilotEstimator as PilotEstimator,
    PriorEstimator as PriorEstimator,
    SlotPriorEstimator as SlotPriorEstimator,
)
from .nr import (
    HarqConfig as HarqConfig,
    PuschConfig as PuschConfig,
    PuschLink as PuschLink,
    ReferenceChannel as ReferenceChannel,
    reference_channel as reference_channel,
)
from .ofdm.config import LinkConfig as LinkConfig
from .ofdm.link import Link as Link
from .signal.demapper import demap as demap
from .signal.equalizer import (
    FewStreamsLMMSEEqualizer as FewStreamsLMMSEEqualizer,
    lmmse_equalize as lmmse_equalize,
)
from .signal.grid import (
    build_resource_grid as build_resource_grid,
    time_orthogonal_pilots as time_orthogonal_pilots,
)
from .simulation.config import SimulationConfig as SimulationConfig
from .simulation.config_file import (
    dump_config as dump_config,
    load_config as load_config,
    parse_config as parse_config,
)
from .simulation.example import EXAMPLE_YAML as EXAMPLE_YAML
from .simulation.experiment import LinkExperiment as LinkExperiment
from .simulation.overview import save_overview as save_overview
from .simulation.run import run_simulation as run_simulation
from .simulation.simulator import Simulator as Simulator
