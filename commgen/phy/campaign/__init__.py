"""Many simulations from one file, and what is done with finished ones."""

from commgen.phy.campaign.compare import Curve, compare_runs, save_comparison
from commgen.phy.campaign.config import CampaignConfig, GridPoint, load_campaign
from commgen.phy.campaign.plan import Plan, plan_simulation
from commgen.phy.campaign.run import CampaignResult, resume, run_campaign
from commgen.phy.campaign.saved import SavedRun, load_run, plot_folder

__all__ = [
    "CampaignConfig",
    "CampaignResult",
    "Curve",
    "GridPoint",
    "Plan",
    "SavedRun",
    "compare_runs",
    "load_campaign",
    "load_run",
    "plan_simulation",
    "plot_folder",
    "resume",
    "run_campaign",
    "save_comparison",
]
