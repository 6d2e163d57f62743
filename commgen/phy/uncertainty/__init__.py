"""What an estimate's promise is worth, and what to do where it is worth nothing."""

from commgen.measures.intervals import Coverage, share_interval
from commgen.phy.uncertainty.calibrated import CalibratedPrior
from commgen.phy.uncertainty.coverage import (
    attained_level,
    coverage,
    energy_score,
    log_score,
    sharpness,
)
from commgen.phy.uncertainty.guard import SOURCES, Decision, GuardedPrior
from commgen.phy.uncertainty.novelty import NoveltyDetector
from commgen.phy.uncertainty.recalibration import (
    Recalibration,
    conformal_radius,
    recalibrate,
)
from commgen.phy.uncertainty.regions import (
    Region,
    credible_region,
    gaussian_radius,
    scores,
)
from commgen.phy.uncertainty.report import CalibrationReport, calibration_report

__all__ = [
    "SOURCES",
    "CalibratedPrior",
    "CalibrationReport",
    "Coverage",
    "Decision",
    "GuardedPrior",
    "NoveltyDetector",
    "Recalibration",
    "Region",
    "attained_level",
    "calibration_report",
    "conformal_radius",
    "coverage",
    "credible_region",
    "energy_score",
    "gaussian_radius",
    "log_score",
    "recalibrate",
    "scores",
    "share_interval",
    "sharpness",
]
