"""Sub-commands of ``commgen benchmark``: estimators and receivers."""

from pathlib import Path
from typing import Annotated

import typer

from commgen.cli._study import (
    Models,
    NumChannels,
    Output,
    Quick,
    Seed,
    check_models,
    sized,
    study,
)


def angle_of_arrival(
    output: Output = Path("runs/benchmark-angle-of-arrival"),
    num_trials: Annotated[
        int | None, typer.Option(min=20, help="Observations at each SNR.")
    ] = None,
    num_chain_trials: Annotated[
        int | None, typer.Option(min=0, help="Of them, those that chains run for.")
    ] = None,
    seed: Seed = 500,
    quick: Quick = False,
) -> None:
    """Compare estimators of one angle of arrival with the exact posterior.

    Eight antennas, ten snapshots, -10 to 20 dB, noise known and unknown. A network is
    trained first, some minutes, and kept; a training that was cut off goes on.
    """
    given = {"num_trials": num_trials, "num_chain_trials": num_chain_trials}
    with study("angle-of-arrival", output, **given, seed=seed, quick=quick) as show:
        from commgen.studies.angle_benchmark import QUICK, AngleSize, angle_benchmark

        size = sized(QUICK if quick else AngleSize(), **given)
        show(angle_benchmark(output, size, seed=seed))


def receivers(
    output: Output = Path("runs/benchmark-receivers"),
    only: Annotated[
        str | None, typer.Option(help="One scenario; an unknown one lists them.")
    ] = None,
    network: Annotated[
        bool, typer.Option(help="Train a neural receiver for the OFDM link.")
    ] = True,
    seed: Seed = 0,
    quick: Quick = False,
) -> None:
    """Compare receivers: error variance used or not, data-aided iterations, a network.

    Over PUSCH A3-11 and A4-11, OFDM with 16-QAM, and UMi with 64 antennas; each gain is
    against a receiver's own baseline, over the same slots. A scenario that is done is
    not done again.
    """
    from commgen.studies.receiver_scenarios import SCENARIOS, slug

    names = {slug(title): title for title in SCENARIOS}
    if only is not None and only not in names:
        raise ValueError(f"only must be of {list(names)}, got {only!r}.")
    told = {"only": only, "network": network, "seed": seed, "quick": quick}
    with study("receivers", output, **told) as show:
        from commgen.studies.receiver_benchmark import (
            QUICK,
            ReceiverSize,
            receiver_benchmark,
        )

        size = sized(
            QUICK if quick else ReceiverSize(),
            scenarios=None if only is None else (names[only],),
            num_slots=None if network else 0,
        )
        show(receiver_benchmark(output, size, seed=seed))


def shifts(
    output: Output = Path("runs/benchmark-shifts"),
    models: Models = None,
    prior: Annotated[str, typer.Option(help="Name of the model.")] = "gmm",
    block: Annotated[
        int | None, typer.Option(min=1, help="Channels of one place, taken together.")
    ] = None,
    num_channels: NumChannels = None,
    measured: Annotated[
        Path | None, typer.Option(help="Folder of polyu-test.h5 and uwb-test.h5.")
    ] = None,
    seed: Seed = 7700,
    quick: Quick = False,
) -> None:
    """Lead a model of UMi-64 to other places, alone and under its guard.

    Needs the folder of `commgen benchmark generative` with its channels. Errors are
    NMSE over that of least squares; what guard and detector flag, and what 90 % regions
    cover that were calibrated at home, stand beside them.
    """
    data = ("umi64-train.h5", "umi64-validation.h5")
    names = tuple(dict.fromkeys((prior, "gmm")))
    check_models(models, quick, names, "commgen benchmark generative", data)
    if measured is not None and not measured.is_dir():
        raise ValueError(f"measured must be a folder, got {measured}.")
    given = {"block": block, "num_channels": num_channels}
    told = {"prior": prior, "measured": measured and str(measured), **given}
    with study("shifts", output, **told, seed=seed, quick=quick) as show:
        from commgen.studies.estimation.elsewhere import QUICK, ShiftSize, shift_study

        size = sized(QUICK if quick else ShiftSize(), **given)
        chosen = {"models": models, "prior": prior, "measured": measured}
        show(shift_study(output, size, **chosen, seed=seed))


def spatial_model(
    output: Output = Path("runs/benchmark-spatial-model"),
    num_train: Annotated[
        int | None, typer.Option(min=200, help="Channels to learn; 100,000.")
    ] = None,
    num_test: NumChannels = None,
    seed: Seed = 0,
    quick: Quick = False,
) -> None:
    """Estimate 64 x 16 channels of the 3GPP spatial model, beside Fesl et al.

    The separable network (some 15 CPU minutes), LMMSE, a circulant mixture and the
    genie. A training that was cut off goes on.
    """
    given = {"num_train": num_train, "num_test": num_test}
    with study("spatial-model", output, **given, seed=seed, quick=quick) as show:
        from commgen.studies.estimation.spatial_model import (
            QUICK,
            SpatialSize,
            spatial_model_study,
        )

        size = sized(QUICK if quick else SpatialSize(), **given)
        show(spatial_model_study(output, size, seed=seed))


def tdl_grid(
    output: Output = Path("runs/benchmark-tdl-grid"),
    seed: Seed = 0,
    quick: Quick = False,
) -> None:
    """Estimate whole slots of the TDL grid from 72 staggered pilots.

    Interpolation, LMMSE, a mixture over principal components, and the bank of TDL
    channels; an estimator that is done is not done again.
    """
    with study("tdl-grid", output, seed=seed, quick=quick) as show:
        from commgen.studies.estimation.tdl_grid import QUICK, GridSize, tdl_grid_study

        show(tdl_grid_study(output, QUICK if quick else GridSize(), seed=seed))


VERBS = (angle_of_arrival, receivers, shifts, spatial_model, tdl_grid)
