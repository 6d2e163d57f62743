from .base import PilotEstimator as PilotEstimator
from .covariance import GridCovariance as GridCovariance
from .lmmse import LMMSEInterpolationEstimator as LMMSEInterpolationEstimator
from .ls import LSEstimator as LSEstimator
from .perfect import PerfectCSI as PerfectCSI
from .prior import PriorEstimator as PriorEstimator
from .slot.estimator import SlotPriorEstimator as SlotPriorEstimator
