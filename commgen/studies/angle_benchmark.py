"""One angle of arrival over SNR, from a trained network to table and picture."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commgen._files.tables import write_csv
from commgen.generative._untyped import keras
from commgen.generative.files import save_keras
from commgen.generative.training import TrainingConfig
from commgen.inference.parameters.amortised import (
    AnglePosteriorNetwork,
    load_angle_network,
)
from commgen.studies.angles import aoa_study
from commgen.studies.angles_figure import save_aoa_figure
from commgen.studies.stages import Stages
from commgen.studies.tables import Rows


@dataclass(frozen=True)
class AngleSize:
    """How much the study of one angle draws."""

    num_trials: int = 4000
    num_chain_trials: int = 100
    snr_db: tuple[float, ...] = (-10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0)
    small: bool = False


#: All steps but the chains in seconds, with a network that has learned little.
QUICK = AngleSize(60, 0, (0.0, 10.0), True)
_SMALL = {"num_components": 2, "width": 16}
_SMALL_TRAINING = TrainingConfig(num_epochs=1, batch_size=100)


def angle_benchmark(output: Path, size: AngleSize, *, seed: int) -> dict[str, Rows]:
    """Run :func:`~commgen.studies.angles.aoa_study` once, and write what it found.

    Parameters
    ----------
    output
        Folder of ``angle-of-arrival.csv``, picture, ``network.keras`` and checkpoints.
    size
        How much.
    seed
        Of training and draws.

    Returns
    -------
    dict
        Title to rows.
    """

    def compute():
        network: Any = _small_network(output, seed) if size.small else None
        return aoa_study(
            size.num_trials,
            size.snr_db,
            seed,
            network=network,
            folder=output,
            num_chain_trials=size.num_chain_trials,
            progress=True,
        )

    rows = Stages(output / "stages").result("angle", [asdict(size), seed], compute)
    write_csv(output / "angle-of-arrival.csv", rows)
    save_aoa_figure(output / "angle-of-arrival.png", rows)
    return {"One angle, 8 antennas, 10 snapshots; 95 % intervals": rows}


def _small_network(output: Path, seed: int) -> AnglePosteriorNetwork:
    file = output / "network.keras"
    if file.is_file():
        return load_angle_network(file)
    keras.utils.set_random_seed(seed)
    network = AnglePosteriorNetwork(**_SMALL)
    network.fit_simulated(seed=seed, num_examples=500, training=_SMALL_TRAINING)
    save_keras(network, file)
    return network
