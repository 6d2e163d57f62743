from .block_posterior import BlockPosterior as BlockPosterior
from .options import ReceiverOptions as ReceiverOptions, options_of as options_of
from .refinement import Refinement as Refinement
from .slot_posterior import SlotPosterior as SlotPosterior
from .soft_grid import SoftGrid as SoftGrid
