"""Sub-commands of ``commgen benchmark``: what models learn, and infer."""

from pathlib import Path
from typing import Annotated

import typer

from commgen.cli._done import ForceOption
from commgen.cli._study import (
    Models,
    NumChannels,
    Output,
    Quick,
    Seed,
    SnrDb,
    Tables,
    check_models,
    numbers,
    run_study,
    sized,
)

_DEMO = "commgen demo"  # its models are in runs/demo/models
_GENERATIVE = "commgen benchmark generative"


def fading(
    output: Output = Path("runs/benchmark-fading"),
    seed: Seed = 900,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Teach a model fading at given Doppler shifts, and hold its draws against Jakes.

    An autoregressive model learns Clarke's fading, and draws sequences four times as
    long; their autocorrelation is held against J0. A training that was cut off goes on.
    """

    def compute() -> Tables:
        from commgen.studies.generative.fading import QUICK, FadingSize, fading_study

        return fading_study(output, QUICK if quick else FadingSize(), seed=seed)

    run_study(compute, "fading", output, seed=seed, quick=quick, force=force)


def noisy_training(
    output: Output = Path("runs/benchmark-noisy-training"),
    snr_db: Annotated[
        str | None, typer.Option(help="SNRs of the training [dB]; 0,10 if left out.")
    ] = None,
    seed: Seed = 900,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Train models on noisy pilots alone, and on the channels themselves.

    LMMSE, two mixtures and the autoencoder learn UMi-64; NMSE of new channels, mean
    over -10 to 20 dB. A model that is done is not trained again.
    """
    levels = numbers("snr_db", snr_db)
    told = {"snr_db": levels and list(levels), "seed": seed, "quick": quick}

    def compute() -> Tables:
        from commgen.studies.generative.noisy_training import (
            QUICK,
            NoisySize,
            noisy_training_study,
        )

        size = sized(QUICK if quick else NoisySize(), snr_db=levels)
        return noisy_training_study(output, size, seed=seed)

    run_study(compute, "noisy-training", output, **told, force=force)


def masked_posterior(
    output: Output = Path("runs/benchmark-masked-posterior"),
    models: Models = None,
    num_channels: NumChannels = None,
    snr_db: SnrDb = None,
    seed: Seed = 900,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Infer 64 antennas from 32, and hold the error against what is promised.

    Needs the models lmmse, gmm and diffusion of `commgen demo`, as in
    runs/demo/models.
    """
    of = check_models(models, quick, ("lmmse", "gmm", "diffusion"), _DEMO)
    given = {"num_channels": num_channels, "snr_db": snr_db}

    def compute() -> Tables:
        from commgen.studies.observation.masked_posterior import (
            QUICK,
            MaskedSize,
            masked_posterior_study,
        )

        size = sized(QUICK if quick else MaskedSize(), **given)
        return masked_posterior_study(output, size, models=models, seed=seed)

    run_study(
        compute,
        "masked-posterior",
        output,
        **given,
        seed=seed,
        quick=quick,
        of=of,
        force=force,
    )


def observations(
    output: Output = Path("runs/benchmark-observations"),
    models: Models = None,
    num_channels: NumChannels = None,
    snr_db: SnrDb = None,
    seed: Seed = 900,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Estimate channels of which a receiver sees only so much.

    Half of the antennas, 16 chains, interference, converters of 1 to 3 bits, noise of
    unknown level, slots of a moving terminal; LS, LMMSE and mixture. Looks with and
    without phases. Needs the models lmmse and gmm of `commgen demo`, as in
    runs/demo/models.
    """
    of = check_models(models, quick, ("lmmse", "gmm"), _DEMO)
    given = {"num_channels": num_channels, "snr_db": snr_db}

    def compute() -> Tables:
        from commgen.studies.observation.observations import (
            QUICK,
            ObservationSize,
            observation_study,
        )

        size = sized(QUICK if quick else ObservationSize(), **given)
        return observation_study(output, size, models=models, seed=seed)

    run_study(
        compute,
        "observations",
        output,
        **given,
        seed=seed,
        quick=quick,
        of=of,
        force=force,
    )


def posterior_samplers(
    output: Output = Path("runs/benchmark-posterior-samplers"),
    models: Models = None,
    num_channels: NumChannels = None,
    num_slow: Annotated[
        int | None, typer.Option(min=2, help="Channels of the slow methods.")
    ] = None,
    snr_db: Annotated[
        str | None, typer.Option(help="SNRs [dB]; -10,0,10,20,30 if left out.")
    ] = None,
    seed: Seed = 0,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Compare posterior means, samples and modes, and what they cost.

    Needs the folder of `commgen benchmark generative` with its channels: validation
    channels of UMi-64 are seen whole, and by half of the antennas. An SNR that is done
    is not done again.
    """
    names = ("gmm", "gmm-circulant", "vae", "diffusion", "rectified-flow", "coupling")
    data = ("umi64-train.h5", "umi64-validation.h5")
    of = check_models(models, quick, names, _GENERATIVE, data)
    levels = numbers("snr_db", snr_db)
    given = {"num_channels": num_channels, "num_slow": num_slow}
    told = {**given, "snr_db": levels and list(levels), "seed": seed, "quick": quick}

    def compute() -> Tables:
        from commgen.studies.observation.posterior_samplers import (
            QUICK,
            SamplerSize,
            posterior_sampler_study,
        )

        size = sized(QUICK if quick else SamplerSize(), **given, snr_db=levels)
        return posterior_sampler_study(output, size, models=models, seed=seed)

    run_study(compute, "posterior-samplers", output, **told, of=of, force=force)


def federated(
    output: Output = Path("runs/benchmark-federated"),
    seed: Seed = 1,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Train families over cells in rounds, beside all channels in one place.

    Twenty UMi and UMa cells; each cell's own and adapted models, generated channels,
    and the office where COMMGEN_DATA has it. Takes an hour of CPU time; one that was
    cut off goes on.
    """

    def compute() -> Tables:
        from commgen.studies.federated.benchmark import (
            QUICK,
            FederatedSize,
            federated_study,
        )

        return federated_study(output, QUICK if quick else FederatedSize(), seed=seed)

    run_study(compute, "federated", output, seed=seed, quick=quick, force=force)


VERBS = (
    fading,
    noisy_training,
    masked_posterior,
    observations,
    posterior_samplers,
    federated,
)
