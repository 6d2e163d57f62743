"""``commgen resume``: go on with a run or a campaign."""

from pathlib import Path
from typing import Annotated

import typer

from commgen.cli._quiet import start_tensorflow
from commgen.cli._runs import (
    RayOption,
    WorkersOption,
    show_campaign,
    show_run,
    simulations_of,
    with_workers,
)


def resume(
    folder: Annotated[Path, typer.Argument(help="Run or campaign folder.")],
    workers: WorkersOption = None,
    ray: RayOption = None,
) -> None:
    """Go on with what was interrupted; the results are those of one go."""
    from commgen.phy.campaign import load_saved_config
    from commgen.phy.simulation.inputs import check_inputs

    saved = load_saved_config(folder)
    for simulation in simulations_of(saved):
        check_inputs(simulation)
    start_tensorflow()
    from commgen.phy.campaign import CampaignResult, resume as go_on

    with with_workers(workers, ray) as pool:
        result = go_on(folder, workers=pool)
    if isinstance(result, CampaignResult):
        show_campaign(result)
    else:
        show_run(result)
