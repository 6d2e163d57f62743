"""What models learn that have never seen a channel without noise."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.tables import write_csv
from commgen._random import complex_normal
from commgen.channels import RECIPES, draw_channels
from commgen.generative.recipes import learn
from commgen.measures.decibel import noise_variance
from commgen.studies.nmse import mean_nmse_db
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Rows

MODELS: dict[str, dict[str, Any]] = {
    "LMMSE": {"family": "lmmse"},
    "GMM": {"family": "gmm", "num_components": 64},
    "Toeplitz GMM": {"family": "gmm", "num_components": 64, "covariance": "toeplitz"},
    "VAE": {"family": "vae"},
}


@dataclass(frozen=True)
class NoisySize:
    """How much the study of noisy training draws and learns, of which channels."""

    snr_db: tuple[float, ...] = (0.0, 10.0)
    recipe: str = "umi64"
    train: int = 8000
    validation: int = 1000
    test: int = 2000
    num_epochs: int | None = None
    num_components: int | None = None
    models: tuple[str, ...] = tuple(MODELS)


#: In seconds, on channels that are drawn fast, without a network; poor figures.
QUICK = NoisySize(
    (0.0,), "spatial-64", 200, 40, 100, 1, 2, models=("LMMSE", "Toeplitz GMM")
)


def noisy_training_study(
    output: Path, size: NoisySize, *, seed: int
) -> dict[str, Rows]:
    """Train models on noisy pilots of one SNR, and on the channels themselves.

    Parameters
    ----------
    output
        Folder of ``noisy-training.csv``; checkpoints lie in ``training``.
    size
        How much.
    seed
        Seed of everything.

    Returns
    -------
    dict
        Title to rows: of each model and SNR of its training (infinite for the channels
        themselves), the NMSE of its estimates of new channels, mean over -10 to 20 dB.
    """
    train, validation, test = (
        draw_channels(
            RECIPES[size.recipe],
            getattr(size, part),
            seed=part_seed(seed, f"set/{part}"),
        ).h.reshape(getattr(size, part), -1)
        for part in ("train", "validation", "test")
    )
    rng, stages, rows = np.random.default_rng(seed), Stages(output / "stages"), []
    for snr_db in (*size.snr_db, np.inf):
        no = float(noise_variance(snr_db))
        pilots = [_noisy(rng, h, no) for h in (train, validation)]
        for name in size.models:
            slug = f"{name.lower().replace(' ', '-')}-{snr_db:g}"
            learned = partial(
                _learned, name, pilots, no, size, output / "training" / slug, seed
            )
            value = stages.result(
                slug, [asdict(size), seed], partial(_error, learned, test, seed)
            )
            rows.append({"model": name, "train_snr_db": snr_db, "nmse_db": value})
    write_csv(output / "noisy-training.csv", rows)
    return {"NMSE, mean over -10 to 20 dB, by SNR of the training": rows}


def _noisy(rng: np.random.Generator, h: np.ndarray, no: float) -> np.ndarray:
    return (h + np.sqrt(no) * complex_normal(rng, h.shape)).astype(np.complex64)


def _learned(name, pilots, no: float, size: NoisySize, folder: Path, seed: int) -> Any:
    options = dict(MODELS[name])
    if size.num_components is not None and "num_components" in options:
        options["num_components"] = size.num_components
    return learn(
        pilots[0],
        seed=seed,
        validation=pilots[1],
        no=no or None,
        num_epochs=size.num_epochs,
        symmetries=("phase", "reversal"),
        folder=folder,
        progress=True,
        **options,
    )


def _error(learned: Callable[[], Any], test: np.ndarray, seed: int) -> float:
    return mean_nmse_db({"model": learned()}, test, seed=seed)["model"]
