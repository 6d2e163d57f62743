from . import campaign as campaign
from .counts import CountedBatch as CountedBatch, PointCounts as PointCounts
from .experiment import (
    Experiment as Experiment,
    Simulator as Simulator,
    Trials as Trials,
)
from .layout import (
    BLER as BLER,
    Axis as Axis,
    Layout as Layout,
    Level as Level,
    Rate as Rate,
)
from .monte_carlo import (
    Executor as Executor,
    InProcess as InProcess,
    MonteCarlo as MonteCarlo,
)
from .readings import (
    CurveReader as CurveReader,
    Reading as Reading,
    readings as readings,
)
from .rows import result_rows as result_rows
from .run import RunResult as RunResult, run_experiment as run_experiment
from .sweep import (
    SnrRange as SnrRange,
    StoppingRule as StoppingRule,
    SweepConfig as SweepConfig,
)
from .tally import Tally as Tally
from .workers import Workers as Workers, WorkersLostError as WorkersLostError
