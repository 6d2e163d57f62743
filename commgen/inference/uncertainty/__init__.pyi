from .calibrated import CalibratedPrior as CalibratedPrior
from .coverage import (
    attained_level as attained_level,
    coverage as coverage,
    energy_score as energy_score,
    log_score as log_score,
    sharpness as sharpness,
)
from .guard import (
    SOURCES as SOURCES,
    Decision as Decision,
    GuardedPrior as GuardedPrior,
)
from .novelty import NoveltyDetector as NoveltyDetector
from .recalibration import (
    Recalibration as Recalibration,
    conformal_radius as conformal_radius,
    recalibrate as recalibrate,
)
from .regions import (
    Region as Region,
    credible_region as credible_region,
    gaussian_radius as gaussian_radius,
    scores as scores,
)
from .report import (
    CalibrationReport as CalibrationReport,
    calibration_report as calibration_report,
)
