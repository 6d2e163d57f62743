"""``commgen simulate``: run a coded link from a configuration file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from commgen._console import plain_console
from commgen._files.outputs import check_output_folder
from commgen.cli._done import ForceOption
from commgen.cli._quiet import start_tensorflow
from commgen.cli._runs import (
    RayOption,
    WorkersOption,
    begin_anew,
    plan_table,
    show_campaign,
    show_run,
    with_workers,
)


def simulate(
    config: Annotated[
        Path | None, typer.Argument(help="YAML file; --example prints one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Run folder.")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print a complete configuration.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what it will cost, from a few batches."),
    ] = False,
    workers: WorkersOption = None,
    ray: RayOption = None,
    force: ForceOption = False,
) -> None:
    """Simulate a coded link with several estimators, or a downlink with precoders.

    Writes results.csv, estimation.csv, readings.csv, results.png and card.json to the
    run folder. A run that was interrupted goes on; a finished one is only shown. With a
    grid in the configuration it is a campaign: one run for each point of the grid.
    """
    if example:
        typer.echo(_example(), nl=False)
        return
    if config is None or (output is None and not dry_run):
        raise ValueError("simulate needs CONFIG.yaml and --output DIR, or --example.")
    # What a user may have mistyped is told before TensorFlow is loaded.
    from commgen._files.yaml_file import read_yaml
    from commgen.cli._experiments import check_inputs, find_kind
    from commgen.montecarlo.campaign import CampaignConfig, load_campaign

    loaded = load_campaign(config, find_kind(read_yaml(config)))
    check_inputs(loaded)
    if output is not None and not dry_run:
        check_output_folder(output)
        if force:
            begin_anew(output, loaded)
    start_tensorflow()
    from commgen.montecarlo.campaign import run_campaign
    from commgen.montecarlo.run import run_experiment

    if dry_run:
        _plan(loaded)
    elif output is not None:
        with with_workers(workers, ray) as pool:
            if isinstance(loaded, CampaignConfig):
                show_campaign(run_campaign(loaded, output, workers=pool))
            else:
                show_run(run_experiment(loaded, output, workers=pool))


def _example() -> str:
    from commgen.phy import EXAMPLE_YAML

    return EXAMPLE_YAML


def _plan(loaded: Any) -> None:
    from commgen.montecarlo.campaign import CampaignConfig, plan_experiment

    if isinstance(loaded, CampaignConfig):
        plans = [
            (point.title, plan_experiment(point.experiment)) for point in loaded.points
        ]
    else:
        plans = [("simulation", plan_experiment(loaded))]
    plain_console().print(plan_table(plans))
