from .block_posterior import BlockPosterior as BlockPosterior
from .estimator_receiver import EstimatorReceiver as EstimatorReceiver
from .kinds import as_receiver as as_receiver, gives_llr as gives_llr
from .refinement import Refinement as Refinement
from .slot_posterior import SlotPosterior as SlotPosterior
from .soft_grid import SoftGrid as SoftGrid
