"""Whether the simulator is right: against theory, published numbers and standards."""

from commgen.studies.validation.line import CONFIDENCE, Line
from commgen.studies.validation.report import save_lines, summary, table
from commgen.studies.validation.run import GROUPS, run_validation
from commgen.studies.validation.size import QUICK, ValidationSize

__all__ = [
    "CONFIDENCE",
    "GROUPS",
    "QUICK",
    "Line",
    "ValidationSize",
    "run_validation",
    "save_lines",
    "summary",
    "table",
]
