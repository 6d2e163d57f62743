from .compare import (
    Curve as Curve,
    compare_runs as compare_runs,
    save_comparison as save_comparison,
)
from .config import (
    CampaignConfig as CampaignConfig,
    GridPoint as GridPoint,
    load_campaign as load_campaign,
)
from .plan import Plan as Plan, plan_simulation as plan_simulation
from .run import (
    CampaignResult as CampaignResult,
    resume as resume,
    run_campaign as run_campaign,
)
from .saved import (
    SavedRun as SavedRun,
    load_run as load_run,
    load_saved_config as load_saved_config,
    plot_folder as plot_folder,
)
