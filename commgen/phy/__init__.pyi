from . import (
    campaign as campaign,
    estimation as estimation,
    nr as nr,
    receiver as receiver,
)
from .counts import Block as Block, Counts as Counts
from .estimation import (
    GridCovariance as GridCovariance,
    LMMSEInterpolationEstimator as LMMSEInterpolationEstimator,
    LSEstimator as LSEstimator,
    PerfectCSI as PerfectCSI,
    PilotEstimator as PilotEstimator,
    PriorEstimator as PriorEstimator,
    SlotPriorEstimator as SlotPriorEstimator,
)
from .figure import save_overview as save_overview
from .monte_carlo import InProcess as InProcess, MonteCarlo as MonteCarlo
from .nr import (
    HarqConfig as HarqConfig,
    PuschConfig as PuschConfig,
    PuschLink as PuschLink,
    ReferenceChannel as ReferenceChannel,
    reference_channel as reference_channel,
)
from .ofdm.config import LinkConfig as LinkConfig
from .ofdm.link import Link as Link
from .readings import (
    CurveReader as CurveReader,
    Reading as Reading,
    readings as readings,
)
from .run import RunResult as RunResult, run_simulation as run_simulation
from .signal.demapper import demap as demap
from .signal.equalizer import (
    FewStreamsLMMSEEqualizer as FewStreamsLMMSEEqualizer,
    lmmse_equalize as lmmse_equalize,
)
from .signal.grid import (
    build_resource_grid as build_resource_grid,
    time_orthogonal_pilots as time_orthogonal_pilots,
)
from .simulation.config import (
    SimulationConfig as SimulationConfig,
    SweepConfig as SweepConfig,
)
from .simulation.config_file import (
    dump_config as dump_config,
    load_config as load_config,
    parse_config as parse_config,
)
from .simulation.example import EXAMPLE_YAML as EXAMPLE_YAML
from .simulation.simulator import Simulator as Simulator
from .tally import Tally as Tally
from .workers import Workers as Workers, WorkersLostError as WorkersLostError
