from .groups import GROUPS as GROUPS
from .line import CONFIDENCE as CONFIDENCE, Line as Line
from .report import save_lines as save_lines, summary as summary, table as table
from .run import run_validation as run_validation
from .size import QUICK as QUICK, ValidationSize as ValidationSize
