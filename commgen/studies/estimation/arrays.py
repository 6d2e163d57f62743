"""Estimators of y = h + n, trained on one set and judged on it, set by set."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commgen.channels import RECIPES as CHANNELS
from commgen.studies.estimation.cost import estimation_cost
from commgen.studies.estimation.judge import calibrated, judge, mean_nmse_db
from commgen.studies.estimation.sets import (
    ARRAY_SIZES,
    SPATIAL_SIZES,
    Genie,
    array_set,
    genie,
)
from commgen.studies.generative.families import train_families
from commgen.studies.recipes import Recipe
from commgen.studies.seeds import part_seed
from commgen.studies.sets import StudySet, drawn_set, polyu_set, uwb_set
from commgen.studies.stages import Stages, model_digests

_LINE = {"symmetries": ("phase", "reversal", "shift")}
#: Rows of each set: name of the estimator, and how it is trained.
ESTIMATORS: dict[str, dict[str, Recipe]] = {
    "umi64": {
        "lmmse": Recipe("lmmse", {}),
        "gmm": Recipe("gmm", {"num_components": 64}),
        "gmm-toeplitz": Recipe(
            "gmm", {"num_components": 128, "covariance": "toeplitz"}
        ),
        "vae": Recipe("vae", {}),
        "diffusion": Recipe("diffusion", {}, "gmm-toeplitz"),
        "rectified-flow": Recipe("rectified-flow", {}, "gmm-toeplitz"),
        "stationary": Recipe("stationary", {"num_epochs": 60, **_LINE}),
    },
    "umi64-large": {
        "lmmse": Recipe("lmmse", {}),
        "stationary": Recipe("stationary", {"num_epochs": 8, **_LINE}),
    },
    "spatial": {
        "lmmse": Recipe("lmmse", {}),
        "separable": Recipe("separable", {"num_epochs": 6, "symmetries": ()}),
    },
    "polyu": {
        "lmmse": Recipe("lmmse", {}),
        "gmm": Recipe("gmm", {"num_components": 64}),
        "gmm-circulant": Recipe(
            "gmm", {"num_components": 64, "covariance": "circulant"}
        ),
        "vae": Recipe("vae", {}),
        "diffusion": Recipe("diffusion", {"num_epochs": 6}, "gmm"),
    },
    "uwb": {
        "lmmse": Recipe("lmmse", {}),
        "gmm": Recipe("gmm", {"num_components": 16}),
        "gmm-circulant": Recipe(
            "gmm", {"num_components": 16, "covariance": "circulant"}
        ),
        "vae": Recipe("vae", {}),
        "diffusion": Recipe("diffusion", {}, "gmm-circulant"),
    },
}


@dataclass(frozen=True)
class Size:
    """How much the benchmark draws, learns and simulates; ``only`` these estimators."""

    quick: bool = False
    array: dict[str, int] = field(default_factory=lambda: dict(ARRAY_SIZES))
    num_large: int = 100_000
    spatial: dict[str, int] = field(default_factory=lambda: dict(SPATIAL_SIZES))
    num_epochs: int | None = None
    num_components: int | None = None
    num_grid: int = 20_000
    num_grid_test: int = 4000
    num_angles: int = 4000
    num_chains: int = 40
    num_shifted: int = 1000
    num_slots: int = 2000
    num_limit: int = 20_000
    only: tuple[str, ...] | None = None

    def estimators(self, name: str) -> dict[str, Recipe]:
        """Return the rows of a set, and how each is trained."""
        rows = ESTIMATORS[name]
        return {n: r for n, r in rows.items() if self.only is None or n in self.only}


#: All steps in a few minutes, for a look; the figures mean little.
QUICK = Size(
    quick=True,
    array={"train": 400, "validation": 200, "test": 100},
    num_large=500,
    spatial={"train": 200, "validation": 100, "test": 50},
    num_epochs=1,
    num_components=2,
    num_grid=200,
    num_grid_test=50,
    num_angles=50,
    num_chains=0,
    num_shifted=50,
    num_slots=64,
    num_limit=200,
    only=("lmmse", "gmm", "stationary", "separable"),
)


class ArrayStudies:
    """Trains, recalibrates and judges the estimators of the sets, each step once.

    Parameters
    ----------
    output
        Folder; the models of a set go to ``output/SET/ESTIMATOR``.
    stages
        Where results are kept.
    size
        How much.
    seed
        Seed of everything.
    """

    def __init__(self, output: Path, stages: Stages, size: Size, *, seed: int):
        self.output, self.size, self.seed = output, size, seed
        self._stages, self._data = stages, output / "data"

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Train the estimators of a set, and return its table."""
        data, known = self.set(name)
        folder = self.output / name
        recipes = self.size.estimators(name)
        models = train_families(
            data,
            folder,
            tuple(recipes),
            seed=self.seed,
            num_epochs=self.size.num_epochs,
            num_components=self.size.num_components,
            recipes=recipes,
        )
        digests = model_digests(folder, models)
        priors = calibrated(data, models, folder, seed=self._part("calibration"))
        rows = self._stages.result(
            f"table-{name}",
            digests,
            lambda: judge(data, priors, seed=self._part("judging"), known=known),
        )
        cost = self._stages.result(
            f"cost-{name}", digests, lambda: estimation_cost(folder, tuple(models))
        )
        for row in rows:
            if row["estimator"] in cost:
                row["cpu_ms"] = 1e3 * cost[row["estimator"]]
        return rows

    def best(self, name: str) -> str:
        """Return the estimator of least error on the validation channels."""
        data, _ = self.set(name)
        folder, names = self.output / name, tuple(self.size.estimators(name))

        def compute():
            from commgen.generative import load_model
            from commgen.inference import sweep_nmse

            models = {n: load_model(folder / n) for n in names}
            h, groups = data.validation.h, data.groups("validation")
            sweep = sweep_nmse(
                h, models, range(-10, 21, 5), seed=self._part("choice"), groups=groups
            )
            return min(models, key=lambda n: mean_nmse_db(sweep.rows, n))

        return self._stages.result(
            f"best-{name}", model_digests(folder, names), compute
        )

    def _part(self, name: str) -> int:
        return part_seed(self.seed, f"estimation/{name}")

    def set(self, name: str) -> tuple[StudySet, Genie | None]:
        """Draw a set or import it, or find it; with what a genie knows of it."""
        folder, quick, seed = self._data, self.size.quick, self.seed
        if name == "polyu":
            return polyu_set(folder, quick=quick), None
        if name == "uwb":
            return uwb_set(folder), None
        if name == "spatial":
            config = CHANNELS["spatial-64x16"]
            sizes = {**self.size.spatial, "again": 1}
            seed = part_seed(seed, "estimation/spatial")
            data = drawn_set(folder, config, name, sizes, seed=seed, symmetries=())
        else:
            config = CHANNELS["umi64"]
            num = self.size.num_large if name == "umi64-large" else None
            data = array_set(folder, num_train=num, seed=seed, sizes=self.size.array)
        path = folder / f"{name.removesuffix('-large')}-genie.npz"
        return data, genie(path, config, data.test.h, seed=part_seed(seed, "set/test"))
