from .alignment import (
    Aligned as Aligned,
    PathDraws as PathDraws,
    align as align,
    every_antenna as every_antenna,
)
from .angle_filter import AngleBelief as AngleBelief, AngleFilter as AngleFilter
from .angle_looks import (
    AngleLooks as AngleLooks,
    BisectionLooks as BisectionLooks,
    CoherentLooks as CoherentLooks,
    RandomLooks as RandomLooks,
)
from .beam_looks import (
    BeamChances as BeamChances,
    BeamLooks as BeamLooks,
    EvenLooks as EvenLooks,
    NarrowingLooks as NarrowingLooks,
    RandomPhaseLooks as RandomPhaseLooks,
)
from .beam_search import BeamSearch as BeamSearch
from .learned import LearnedLooks as LearnedLooks
from .network import LookNetwork as LookNetwork
from .posterior import LookPosterior as LookPosterior
from .training import LookTraining as LookTraining, train_looks as train_looks
