from .bursts import Bursts as Bursts
from .codewords import CodewordLayout as CodewordLayout
from .constellation import Constellation as Constellation
from .covariance import (
    exponential_covariance as exponential_covariance,
    jakes_covariance as jakes_covariance,
    robust_covariance as robust_covariance,
)
from .estimator import FrameEstimator as FrameEstimator
from .features import receiver_features as receiver_features
from .fields import FRAME_FIELDS as FRAME_FIELDS, frame_of as frame_of
from .frame import RADIO_FRAME as RADIO_FRAME, Frame as Frame
from .information import (
    faded as faded,
    gmi as gmi,
    mutual_information as mutual_information,
    sampled_gmi as sampled_gmi,
    shannon as shannon,
    snr_db_for as snr_db_for,
)
from .interpolation import (
    dft_weights as dft_weights,
    linear_weights as linear_weights,
    spline_weights as spline_weights,
)
from .llr import (
    data_llr as data_llr,
    demap as demap,
    equalize as equalize,
    slot_llr as slot_llr,
)
from .lmmse import LMMSE as LMMSE
from .ls import LeastSquares as LeastSquares
from .pilots import pilot_symbols as pilot_symbols
from .qam import pam_labels as pam_labels, qam_points as qam_points
from .slot_estimator import SlotEstimator as SlotEstimator
from .slot_files import (
    load_grid_mixture as load_grid_mixture,
    save_grid_mixture as save_grid_mixture,
)
from .slot_mixture import GridMixture as GridMixture
