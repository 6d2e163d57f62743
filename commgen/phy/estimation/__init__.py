"""Channel estimators, all Sionna blocks ``(y, no) -> h_hat, err_var``."""

from commgen.phy.estimation.base import PilotEstimator
from commgen.phy.estimation.covariance import GridCovariance
from commgen.phy.estimation.lmmse import LMMSEInterpolationEstimator
from commgen.phy.estimation.ls import LSEstimator
from commgen.phy.estimation.perfect import PerfectCSI
from commgen.phy.estimation.prior import PriorEstimator
from commgen.phy.estimation.slot import SlotPriorEstimator

__all__ = [
    "GridCovariance",
    "LMMSEInterpolationEstimator",
    "LSEstimator",
    "PerfectCSI",
    "PilotEstimator",
    "PriorEstimator",
    "SlotPriorEstimator",
]
