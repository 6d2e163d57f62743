from .config import SimulationConfig as SimulationConfig, SweepConfig as SweepConfig
from .config_file import (
    dump_config as dump_config,
    load_config as load_config,
    parse_config as parse_config,
)
from .counts import Block as Block, Counts as Counts
from .demapper import demap as demap
from .equalizer import (
    FewStreamsLMMSEEqualizer as FewStreamsLMMSEEqualizer,
    lmmse_equalize as lmmse_equalize,
)
from .estimation import (
    GridCovariance as GridCovariance,
    LMMSEInterpolationEstimator as LMMSEInterpolationEstimator,
    LSEstimator as LSEstimator,
    PerfectCSI as PerfectCSI,
    PilotEstimator as PilotEstimator,
    PriorEstimator as PriorEstimator,
    SlotPriorEstimator as SlotPriorEstimator,
)
from .example import EXAMPLE_YAML as EXAMPLE_YAML
from .figure import save_overview as save_overview
from .grid import (
    build_resource_grid as build_resource_grid,
    time_orthogonal_pilots as time_orthogonal_pilots,
)
from .link import Link as Link
from .link_config import LinkConfig as LinkConfig
from .monte_carlo import InProcess as InProcess, MonteCarlo as MonteCarlo
from .nr import (
    HarqConfig as HarqConfig,
    PuschConfig as PuschConfig,
    PuschLink as PuschLink,
    ReferenceChannel as ReferenceChannel,
    reference_channel as reference_channel,
)
from .readings import (
    CurveReader as CurveReader,
    Reading as Reading,
    readings as readings,
)
from .run import RunResult as RunResult, run_simulation as run_simulation
from .simulator import Simulator as Simulator
from .tally import Tally as Tally
from .workers import Workers as Workers, WorkersLostError as WorkersLostError
