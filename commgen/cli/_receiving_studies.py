"""Sub-commands of ``commgen benchmark``: estimators and receivers."""

from pathlib import Path
from typing import Annotated

import typer

from commgen._files.whole import sha256
from commgen.cli._done import ForceOption
from commgen.cli._study import (
    Models,
    NumChannels,
    Output,
    Quick,
    Seed,
    Tables,
    check_models,
    run_study,
    sized,
)
from commgen.montecarlo.paths import relative


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
    force: ForceOption = False,
) -> None:
    """Compare estimators of one angle of arrival with the exact posterior.

    Eight antennas, ten snapshots, -10 to 20 dB, noise known and unknown. A network is
    trained first, some minutes, and kept; a training that was cut off goes on.
    """
    given = {"num_trials": num_trials, "num_chain_trials": num_chain_trials}

    def compute() -> Tables:
        from commgen.studies.angle_benchmark import QUICK, AngleSize, angle_benchmark

        size = sized(QUICK if quick else AngleSize(), **given)
        return angle_benchmark(output, size, seed=seed)

    run_study(
        compute,
        "angle-of-arrival",
        output,
        **given,
        seed=seed,
        quick=quick,
        force=force,
    )


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
    force: ForceOption = False,
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

    def compute() -> Tables:
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
        return receiver_benchmark(output, size, seed=seed)

    run_study(compute, "receivers", output, **told, force=force)


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
    force: ForceOption = False,
) -> None:
    """Lead a model of UMi-64 to other places, alone and under its guard.

    Needs the folder of `commgen benchmark generative` with its channels. Errors are
    NMSE over that of least squares; what guard and detector flag, and what 90 % regions
    cover that were calibrated at home, stand beside them.
    """
    data = ("umi64-train.h5", "umi64-validation.h5")
    names = tuple(dict.fromkeys((prior, "gmm")))
    of = check_models(models, quick, names, "commgen benchmark generative", data)
    if measured is not None and not measured.is_dir():
        raise ValueError(f"measured must be a folder, got {measured}.")
    if measured is not None:
        of = {**of, **{p.name: sha256(p) for p in sorted(measured.glob("*.h5"))}}
    given = {"block": block, "num_channels": num_channels}
    where = measured and str(measured)
    if measured is not None and measured.is_absolute():
        where = relative(measured, output)  # what a folder tells is not where one lives
    told = {"prior": prior, "measured": where, **given}

    def compute() -> Tables:
        from commgen.studies.estimation.elsewhere import QUICK, ShiftSize, shift_study

        size = sized(QUICK if quick else ShiftSize(), **given)
        chosen = {"models": models, "prior": prior, "measured": measured}
        return shift_study(output, size, **chosen, seed=seed)

    run_study(
        compute, "shifts", output, **told, seed=seed, quick=quick, of=of, force=force
    )


def spatial_model(
    output: Output = Path("runs/benchmark-spatial-model"),
    num_train: Annotated[
        int | None, typer.Option(min=200, help="Channels to learn; 100,000.")
    ] = None,
    num_test: NumChannels = None,
    seed: Seed = 0,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Estimate 64 x 16 channels of the 3GPP spatial model, beside Fesl et al.

    The separable network (some 15 CPU minutes), LMMSE, a circulant mixture and the
    genie. A training that was cut off goes on.
    """
    given = {"num_train": num_train, "num_test": num_test}

    def compute() -> Tables:
        from commgen.studies.estimation.spatial_model import (
            QUICK,
            SpatialSize,
            spatial_model_study,
        )

        size = sized(QUICK if quick else SpatialSize(), **given)
        return spatial_model_study(output, size, seed=seed)

    run_study(
        compute, "spatial-model", output, **given, seed=seed, quick=quick, force=force
    )


def tdl_grid(
    output: Output = Path("runs/benchmark-tdl-grid"),
    seed: Seed = 0,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Estimate whole slots of the TDL grid from 72 staggered pilots.

    Interpolation, LMMSE, a mixture over principal components, and the bank of TDL
    channels; an estimator that is done is not done again.
    """

    def compute() -> Tables:
        from commgen.studies.estimation.tdl_grid import QUICK, GridSize, tdl_grid_study

        return tdl_grid_study(output, QUICK if quick else GridSize(), seed=seed)

    run_study(compute, "tdl-grid", output, seed=seed, quick=quick, force=force)


def signal(
    output: Output = Path("runs/benchmark-signal"),
    only: Annotated[
        str | None, typer.Option(help="One part alone, such as constellations.")
    ] = None,
    seed: Seed = 0,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Design signals, and send them beside those that simulators have.

    What each needs by theory, beside its classical counterpart and its limit, and gains
    in coded blocks; a search that is done is not done again.
    """
    from commgen.studies.signal.benchmark import PARTS, signal_study

    if only is not None and only not in PARTS:
        raise ValueError(f"only must be of {list(PARTS)}, got {only!r}.")

    def compute() -> Tables:
        return signal_study(output, seed=seed, quick=quick, only=only)

    told = {"only": only, "seed": seed, "quick": quick}
    run_study(compute, "signal", output, force=force, **told)


def beams(
    output: Output = Path("runs/benchmark-beams"),
    only: Annotated[
        str | None, typer.Option(help="One part alone, such as precoding.")
    ] = None,
    seed: Seed = 0,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Send to several users with channels known, and known in part.

    Rates of learned and classical precoders over the same channels, with their limit; a
    training or a step that is done is not done again.
    """
    from commgen.studies.beams.benchmark import PARTS, beams_study

    if only is not None and only not in PARTS:
        raise ValueError(f"only must be of {list(PARTS)}, got {only!r}.")

    def compute() -> Tables:
        return beams_study(output, seed=seed, quick=quick, only=only)

    told = {"only": only, "seed": seed, "quick": quick}
    run_study(compute, "beams", output, force=force, **told)


VERBS = (angle_of_arrival, beams, receivers, shifts, signal, spatial_model, tdl_grid)
