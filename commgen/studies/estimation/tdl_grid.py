"""Whole slots of the TDL grid from 72 staggered pilots: error, promise, CPU time."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.tables import write_csv
from commgen._random import complex_normal
from commgen.channels import RECIPES, draw_channels
from commgen.channels.config import SPEED_OF_LIGHT_M_S
from commgen.frame.interpolation import linear_weights
from commgen.frame.slot_mixture import GridMixture, principal_bases
from commgen.generative import GaussianMixture
from commgen.inference.nmse_figure import save_nmse_figure
from commgen.measures.decibel import noise_variance
from commgen.phy.estimation.slot.grid import (
    GridEstimator,
    staggered_mask,
    tdl_grid_estimator,
)
from commgen.studies.nmse import SNR_DB, Estimated, timed_row
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Rows

_SYMBOLS = (2, 11)
_NUM_PRINCIPAL, _CHUNK = 24, 500

Estimate = Callable[[np.ndarray, float], tuple[Any, Any]]


@dataclass(frozen=True)
class GridSize:
    """How much the study of the TDL grid draws and learns.

    Parameters
    ----------
    num_train, num_test
        Slots.
    num_components
        Of the mixture over principal components.
    num_delay_spreads, num_dopplers
        As in :func:`~commgen.phy.estimation.slot.grid.tdl_grid_estimator`.
    num_subcarriers
        The first ones of a slot, that are kept.
    snr_db
        SNR [dB].
    """

    num_train: int = 20_000
    num_test: int = 4000
    num_components: int = 64
    num_delay_spreads: int = 24
    num_dopplers: int = 6
    num_subcarriers: int = 72
    snr_db: tuple[float, ...] = tuple(float(snr) for snr in SNR_DB)


#: All steps in seconds; the figures mean little.
QUICK = GridSize(300, 40, 2, 4, 2, 24, (0.0, 10.0))


def tdl_grid_study(output: Path, size: GridSize, *, seed: int) -> dict[str, Rows]:
    """Estimate new slots by every method, each fitted and judged once.

    The estimator of commgen is told the ranges of delay spread and speed, and not
    which of the five profiles a slot has.

    Parameters
    ----------
    output
        Folder of ``tdl-grid.csv`` and a picture.
    size
        How much.
    seed
        Seed of everything.

    Returns
    -------
    dict
        Title to rows: of each estimator and SNR the error over all elements,
        the error that is promised, and CPU time for each slot.
    """
    config = RECIPES["tdl-grid"]
    train, test = (
        draw_channels(config, n, seed=part_seed(seed, f"tdl-grid/{part}")).h[
            :, 0, 0, :, : size.num_subcarriers
        ]
        for part, n in (("train", size.num_train), ("test", size.num_test))
    )
    mask = staggered_mask(train.shape[1:], _SYMBOLS)
    rng = np.random.default_rng(seed)
    noise = complex_normal(rng, (len(test), int(mask.sum())))
    stages, rows = Stages(output / "stages"), []
    for name, make in _estimators(config, train, mask, size, seed):
        slug = name.lower().replace(",", "").replace(" ", "-")
        compute = partial(_judged, name, make, test, mask, noise, size.snr_db)
        rows += stages.result(slug, [asdict(size), seed], compute)
    title = f"TDL grid, {int(mask.sum())} pilots in {mask.size} elements"
    write_csv(output / "tdl-grid.csv", rows)
    save_nmse_figure(output / "tdl-grid.png", rows, title)
    return {title: rows}


def slot_options(
    config: Any, shape: tuple[int, int], mask, seed: int
) -> dict[str, Any]:
    """Return what the slot estimator is told of the TDL grid, by keyword."""
    grid = config.grid
    return {
        "times_s": np.arange(shape[0]) * grid.time_step_s,
        "frequencies_hz": np.arange(shape[1]) * grid.subcarrier_spacing_hz,
        "mask": mask,
        "max_doppler_hz": config.speed_max_m_s * config.carrier_hz / SPEED_OF_LIGHT_M_S,
        "seed": seed,
    }


def _judged(name, make: Callable[[], Estimate], h, mask, noise, snr_db) -> Rows:
    estimate, rows = make(), []
    for level in snr_db:
        no = noise_variance(level)
        y = h[:, mask] + np.float32(no**0.5) * noise
        estimate(y[:_CHUNK], no)  # tracing is not counted
        row = timed_row(h, lambda y=y, no=no: Estimated(*estimate(y, no)))
        rows.append({"estimator": name, "snr_db": level, **row})
    return rows


def _estimators(
    config, train, mask, size: GridSize, seed
) -> Iterator[tuple[str, Callable[[], Estimate]]]:
    """Yield names, and what fits the estimator ``(y, no) -> h_hat, err_var``."""
    covariance = cache(partial(_covariance, train))
    slot = partial(
        tdl_grid_estimator,
        num_delay_spreads=size.num_delay_spreads,
        num_dopplers=size.num_dopplers,
        **slot_options(config, train.shape[1:], mask, seed),
    )
    yield "LS + linear", lambda: _interpolation(mask)
    yield "sample-covariance LMMSE", lambda: _sample_lmmse(covariance(), mask)
    yield (
        f"GMM {size.num_components} on {_NUM_PRINCIPAL} components",
        lambda: _principal_mixture(
            covariance(), train, mask, size.num_components, seed
        ),
    )
    yield "slot, weights as drawn", lambda: slot().estimate
    yield "slot, weights learned", lambda: slot(train).estimate


def _interpolation(mask: np.ndarray) -> Estimate:
    """Lines over frequency in each pilot symbol, then over time; held outside."""
    over_f = [
        linear_weights(np.flatnonzero(mask[s]), np.arange(mask.shape[1]))
        for s in _SYMBOLS
    ]
    over_t = linear_weights(_SYMBOLS, np.arange(mask.shape[0]))

    def estimate(y, no):
        parts = np.split(y, len(_SYMBOLS), axis=1)
        lines = np.stack([p @ w for p, w in zip(parts, over_f, strict=True)], axis=1)
        return np.einsum("nsf,st->ntf", lines, over_t), None

    return estimate


def _sample_lmmse(covariance: np.ndarray, mask: np.ndarray) -> Estimate:
    bases = principal_bases(covariance.reshape(*mask.shape, *mask.shape), 1e-7)
    B = np.kron(*bases)
    one = [B.conj().T @ covariance @ B]
    gaussian = GridMixture.of(*bases, [1.0], one, floor=1e-7)
    return GridEstimator(gaussian, mask).estimate


def _principal_mixture(covariance, train, mask, num_components, seed) -> Estimate:
    """Mixture of few principal components of the slot, what they leave out ignored."""
    vectors = np.linalg.eigh(covariance)[1][:, -_NUM_PRINCIPAL:]
    coefficients = _flat(train) @ vectors.conj()
    power = np.mean(np.abs(coefficients) ** 2)
    prior = GaussianMixture((_NUM_PRINCIPAL,), num_components)
    prior.fit(coefficients / power**0.5, seed=seed)
    A = power**0.5 * vectors[mask.ravel()]

    def estimate(y, no):
        parts = [
            prior.posterior(y[i : i + _CHUNK], A, no).mean
            for i in range(0, len(y), _CHUNK)
        ]
        h_hat = power**0.5 * np.concatenate(parts) @ vectors.T
        return h_hat.reshape(-1, *mask.shape), None

    return estimate


def _covariance(train: np.ndarray) -> np.ndarray:
    return np.einsum("nd,ne->de", _flat(train), _flat(train).conj()) / len(train)


def _flat(h: np.ndarray) -> np.ndarray:
    return h.reshape(len(h), -1)
