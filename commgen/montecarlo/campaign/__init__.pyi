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
from .plan import Plan as Plan, plan_experiment as plan_experiment
from .run import (
    CampaignResult as CampaignResult,
    goes_on as goes_on,
    resume as resume,
    run_campaign as run_campaign,
)
from .saved import (
    SavedRun as SavedRun,
    is_done as is_done,
    load_run as load_run,
    load_runs as load_runs,
    load_saved as load_saved,
    plot_folder as plot_folder,
)
