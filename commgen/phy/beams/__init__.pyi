from .alignment import (
    Aligned as Aligned,
    PathDraws as PathDraws,
    align as align,
    every_antenna as every_antenna,
)
from .alignment_filter import AngleBelief as AngleBelief, AngleFilter as AngleFilter
from .alignment_learned import LearnedLooks as LearnedLooks
from .alignment_looks import (
    AngleLooks as AngleLooks,
    BisectionLooks as BisectionLooks,
    CoherentLooks as CoherentLooks,
    RandomLooks as RandomLooks,
)
from .alignment_network import LookNetwork as LookNetwork
from .alignment_training import LookTraining as LookTraining, train_looks as train_looks
from .beam_search import BeamSearch as BeamSearch
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
from .looks_belief import LookPosterior as LookPosterior
from .looks_rules import (
    BeamChances as BeamChances,
    BeamLooks as BeamLooks,
    EvenLooks as EvenLooks,
    NarrowingLooks as NarrowingLooks,
    RandomPhaseLooks as RandomPhaseLooks,
)
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
