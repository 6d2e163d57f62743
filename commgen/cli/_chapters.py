"""The two chapters of the demo: 3GPP UMi, and the measured PolyU office."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen.channels import RECIPES, draw_channels
from commgen.channels.training import train_to_folder
from commgen.datasets import (
    Card,
    import_source,
    open_set,
    split_indices,
)
from commgen.datasets.events import Events, load_events
from commgen.generative import load_model
from commgen.inference import NmseSweep, save_nmse_sweep, sweep_nmse
from commgen.montecarlo import RunResult
from commgen.phy import parse_config, run_simulation
from commgen.studies.sets import drawn_events


@dataclass(frozen=True)
class Chapter:
    """What one half of the demo found."""

    title: str
    folder: Path
    sweep: NmseSweep
    link: RunResult


@dataclass(frozen=True)
class DemoSize:
    """How much the demo draws, learns and simulates."""

    num_train: int = 8000
    num_validation: int = 1000
    num_test: int = 2000
    num_components: int = 64
    num_epochs: int = 20
    polyu_every: int = 1
    polyu_components: int = 32
    polyu_epochs: int = 4
    max_num_blocks: int | None = None


#: All steps in a minute or two, for a look; the figures mean little.
QUICK = DemoSize(600, 200, 200, 4, 1, 40, 4, 1, 64)


# The antennas of the 3GPP link are those of the recipe; its subcarriers are not: the
# prior knows one subcarrier, and is used at each pilot.
_UMI_LINK = {
    "link": {
        "num_rx_ant": 64,
        "fft_size": 24,
        "subcarrier_spacing_hz": 30e3,
        "cyclic_prefix_length": 2,
        "pilot_ofdm_symbol_indices": [2, 11],
        "pilot_subcarrier_step": 2,
        "time_interpolation": "average",
        "num_bits_per_symbol": 4,
        "coderate": 0.5,
    },
    "sweep": {
        "snr_start_db": -12,
        "snr_stop_db": 1,
        "snr_step_db": 1,
        "batch_size": 32,
        "max_num_blocks": 640,
        "target_block_errors": 100,
    },
}
# Two streams over the 3 x 2 antennas, on the measured grid of 30 subcarriers.
_POLYU_LINK = {
    "link": {
        "num_rx_ant": 3,
        "num_streams": 2,
        "fft_size": 30,
        "subcarrier_spacing_hz": 1.25e6,
        "cyclic_prefix_length": 2,
        "pilot_ofdm_symbol_indices": [2, 11],
        "time_interpolation": "average",
        "num_bits_per_symbol": 2,
        "coderate": 0.5,
    },
    "sweep": {
        "snr_start_db": 0,
        "snr_stop_db": 20,
        "snr_step_db": 2.5,
        "batch_size": 96,
        "max_num_blocks": 4000,
        "target_block_errors": 200,
    },
}


def run_umi(output: Path, size: DemoSize, *, seed: int) -> Chapter:
    """Learn UMi-64 from drawn channels, and run the link over fresh ones."""
    data, models = output / "data", output / "models"
    train = drawn_events(
        data / "umi64-train.h5", RECIPES["umi64"], size.num_train, seed=seed
    )
    validation = drawn_events(
        data / "umi64-validation.h5",
        RECIPES["umi64"],
        size.num_validation,
        seed=seed + 1,
    )
    recipes = {
        "lmmse": {},
        "gmm": {"num_components": size.num_components},
        "diffusion": {
            "num_epochs": size.num_epochs,
            "symmetries": ("phase", "reversal"),
        },
    }
    priors = _learned(train, validation, data / "umi64-train.h5", models, recipes, seed)
    test = draw_channels(
        RECIPES["umi64"], size.num_test, seed=seed + 2, return_covariance=True
    )
    sweep = sweep_nmse(
        test.h[:, :, 0, 0, 0],
        priors,
        np.arange(-10, 21, 5),
        seed=seed + 3,
        covariance=test.covariance,
        progress=True,
    )
    folder = output / "umi64"
    save_nmse_sweep(sweep, folder / "estimation", "3GPP UMi, 64 antennas")
    recipe = RECIPES["umi64"].model_dump(
        mode="json", exclude={"grid"}, exclude_none=True
    )
    link = _simulate(
        {"channel": {"source": "3gpp", **recipe}, **_limited(_UMI_LINK, size)},
        {name: models / name for name in recipes},
        "array",
        folder / "link",
        seed + 4,
    )
    return Chapter("3GPP UMi, 64 antennas", folder, sweep, link)


def run_polyu(output: Path, card: Card, size: DemoSize, *, seed: int) -> Chapter:
    """Learn the office from days 2-19, choose on 20-24, test on 25-28."""
    data, models = output / "data", output / "models"
    parts = {
        part: _imported(data / f"polyu-{part}.h5", card, part, size.polyu_every)
        for part in ("train", "validation", "test")
    }
    recipes = {
        "polyu-lmmse": {},
        "polyu-gmm": {
            "num_components": size.polyu_components,
            "max_channels": 8160,
        },
        "polyu-diffusion": {"num_epochs": size.polyu_epochs},
    }
    priors = _learned(
        parts["train"],
        parts["validation"],
        data / "polyu-train.h5",
        models,
        recipes,
        seed,
    )
    test = parts["test"]
    names = {name.removeprefix("polyu-"): prior for name, prior in priors.items()}
    sweep = sweep_nmse(
        test.h,
        names,
        np.arange(0, 21, 5),
        seed=seed + 3,
        groups=_sessions(test),
        progress=True,
    )
    folder = output / "polyu"
    title = "PolyU office, measured, test days 25-28"
    save_nmse_sweep(sweep, folder / "estimation", title)
    link = _simulate(
        {
            "channel": {"source": "recorded", "path": str(data / "polyu-test.h5")},
            **_limited(_POLYU_LINK, size),
        },
        {name.removeprefix("polyu-"): models / name for name in recipes},
        "grid",
        folder / "link",
        seed + 4,
    )
    return Chapter(title, folder, sweep, link)


def _imported(path: Path, card: Card, part: Any, every: int) -> Events:
    if not path.exists():
        source = open_set(card)
        rows = split_indices(card, source.labels, part)[::every]
        import_source(source, path, rows=rows, normalise="packet", progress=True)
    return load_events(path)


def _limited(config: dict[str, Any], size: DemoSize) -> dict[str, Any]:
    if size.max_num_blocks is None:
        return config
    sweep = {**config["sweep"], "max_num_blocks": size.max_num_blocks}
    return {**config, "sweep": {**sweep, "snr_step_db": 5}}


def _sessions(events: Events) -> np.ndarray:
    """Packets of one visit to one place count as one, since they see one channel."""
    day, period, place = (events.labels[name] for name in ("day", "period", "loc"))
    return (day.astype(int) * 100 + period) * 100 + place


def _learned(train, validation, path, models, recipes, seed) -> dict[str, Any]:
    priors = {}
    for name, options in recipes.items():
        folder = models / name
        family = name.removeprefix("polyu-")
        if not folder.is_dir():
            train_to_folder(
                train,
                path,
                folder,
                family,
                seed=seed,
                validation=validation.h,
                # The diffusion model refines the mixture that was fitted before it.
                prior=priors.get(name.replace("diffusion", "gmm")),
                **options,
            )
        priors[name] = load_model(folder)
    return priors


def _simulate(base, models, event, folder, seed) -> RunResult:
    priors = [
        {
            "kind": "prior",
            "name": name,
            "model": str(path),
            "event": event,
        }
        for name, path in models.items()
    ]
    estimators = [{"kind": "ls"}, *priors, {"kind": "perfect"}]
    config = parse_config({"seed": seed, **base, "estimators": estimators})
    return run_simulation(config, folder)
