from .codewords import CodewordLayout as CodewordLayout
from .constellation import pam_labels as pam_labels, qam_points as qam_points
from .fields import FRAME_FIELDS as FRAME_FIELDS, frame_of as frame_of
from .frame import RADIO_FRAME as RADIO_FRAME, Frame as Frame
from .interpolation import (
    dft_weights as dft_weights,
    linear_weights as linear_weights,
    spline_weights as spline_weights,
)
from .pilots import pilot_symbols as pilot_symbols
from .slot_files import (
    load_grid_mixture as load_grid_mixture,
    save_grid_mixture as save_grid_mixture,
)
from .slot_mixture import GridMixture as GridMixture
