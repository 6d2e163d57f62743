"""Channel estimators, all Sionna blocks ``(y, no) -> h_hat, err_var``."""

from commgen.phy.estimation.base import PilotEstimator
from commgen.phy.estimation.ls import LSEstimator
from commgen.phy.estimation.perfect import PerfectCSI
from commgen.phy.estimation.prior import PriorEstimator

__all__ = ["LSEstimator", "PerfectCSI", "PilotEstimator", "PriorEstimator"]
