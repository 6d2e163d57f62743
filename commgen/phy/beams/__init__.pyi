from .belief import Belief as Belief
from .constant_modulus import ConstantModulus as ConstantModulus
from .grid import (
    GridPrecodedChannel as GridPrecodedChannel,
    GridPrecoder as GridPrecoder,
)
from .hybrid import HybridPrecoder as HybridPrecoder
from .inferred import infer_belief as infer_belief
from .learned import LearnedPrecoder as LearnedPrecoder
from .learning import (
    PrecoderTraining as PrecoderTraining,
    RayleighBeliefs as RayleighBeliefs,
)
from .linear import MRT as MRT, RZF as RZF, ZF as ZF, RobustRZF as RobustRZF
from .pattern import (
    beam_pattern as beam_pattern,
    strongest_angle as strongest_angle,
)
from .pool import BeliefPool as BeliefPool
from .precoder import Precoder as Precoder
from .rate import sum_rate as sum_rate, user_rates as user_rates
from .selection import (
    select_users as select_users,
    strongest_users as strongest_users,
    take_users as take_users,
)
from .water_filling import (
    SVDPrecoder as SVDPrecoder,
    dpc_capacity as dpc_capacity,
    water_filling as water_filling,
)
from .wmmse import WMMSE as WMMSE
