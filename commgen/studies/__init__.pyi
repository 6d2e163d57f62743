from .angles import aoa_study as aoa_study
from .angles_figure import save_aoa_figure as save_aoa_figure
from .generative.augmentation import (
    augmentation_study as augmentation_study,
    summarise as summarise,
)
from .generative.benchmark import (
    QUICK as QUICK,
    Benchmark as Benchmark,
    BenchmarkSize as BenchmarkSize,
    Findings as Findings,
)
from .generative.few_shot import (
    few_shot_gain_db as few_shot_gain_db,
    few_shot_study as few_shot_study,
)
from .generative.report import (
    asked_rows as asked_rows,
    save_findings as save_findings,
)
from .generative.sampling import sampling_cost as sampling_cost
from .generative.super_resolution import (
    super_resolution_study as super_resolution_study,
)
from .recipes import known_families as known_families
from .sets import (
    StudySet as StudySet,
    polyu_set as polyu_set,
    umi64_set as umi64_set,
    uwb_set as uwb_set,
)
