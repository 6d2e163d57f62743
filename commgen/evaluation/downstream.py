"""Training on generated channels and testing on real ones, and the reverse."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int, check_snr_db
from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.evaluation._sets import check_groups, check_set
from commgen.measures.decibel import noise_variance
from commgen.measures.intervals import paired_interval_db

_CHUNK = 512


@dataclass(frozen=True)
class ExchangeRow:
    """NMSE of two estimators on the same channels and noise.

    Parameters
    ----------
    tested_on
        "real" or "generated".
    snr_db
        SNR, 1/no; NaN in the row of the mean over all.
    trained_on_real_db, trained_on_generated_db
        NMSE of the estimator fitted to each [dB].
    difference_db, low_db, high_db
        Second minus first, and its paired interval of 95 %: above 0 where generated
        channels teach less.
    """

    tested_on: str
    snr_db: float
    trained_on_real_db: float
    trained_on_generated_db: float
    difference_db: float
    low_db: float
    high_db: float


@dataclass(frozen=True)
class Exchange:
    """Result of :func:`train_on_generated_test_on_real`.

    Parameters
    ----------
    rows
        Tested on real and on generated channels, at each SNR and in the mean.
    num_train
        Channels that each estimator was fitted to.
    strength
        Of both mixtures; None is the default of the family.
    """

    rows: list[ExchangeRow]
    num_train: int
    strength: float | None

    def mean(self, tested_on: str = "real") -> ExchangeRow:
        """Return the row of the mean over SNR."""
        rows = [row for row in self.rows if row.tested_on == tested_on]
        return next(row for row in rows if np.isnan(row.snr_db))


def train_on_generated_test_on_real(
    real_train: Any,
    generated: Any,
    real_test: Any,
    *,
    snr_db: Any = (-10, -5, 0, 5, 10, 15, 20),
    seed: int,
    num_components: int = 64,
    strength: float | None = None,
    groups: Any = None,
    progress: bool = False,
) -> Exchange:
    """Fit one estimator to real and one to generated channels, and test them on both.

    The estimator is the Gaussian mixture of
    :class:`~commgen.generative.GaussianMixture` with the same options twice, fitted to
    equally many channels; its ``strength`` is chosen on the real ones by
    :func:`~commgen.generative.recipes.choose_strength` where none is given. The
    generated channels that it was fitted to are not among those that test it.

    Parameters
    ----------
    real_train, generated, real_test : [n, *event_shape], complex
        Channels of about unit mean power.
    snr_db
        SNR values, 1/no [dB].
    seed
        Seed of clustering and noise.
    num_components, strength
        Of both mixtures.
    groups : [num_test], optional
        Which of ``real_test`` are near-copies, for the interval.
    progress
        Show a progress bar.

    Returns
    -------
    Exchange

    Raises
    ------
    ValueError, TypeError
        As :func:`~commgen.evaluation.check_set`; if there are fewer training channels
        than components, or ``snr_db`` is empty or not finite.
    """
    real_train = check_set("real_train", real_train)
    event_shape = real_train.shape[1:]
    generated = check_set("generated", generated, event_shape)
    real_test = check_set("real_test", real_test, event_shape)
    levels = np.atleast_1d(np.asarray(snr_db, float))
    if levels.ndim != 1 or levels.size == 0:
        raise ValueError(f"snr_db must be [num_snr] with one at least, got {snr_db}.")
    check_snr_db("snr_db", levels)
    check_int("seed", seed, low=0)
    check_int("num_components", num_components, low=1)
    num_held = min(len(real_test), len(generated) // 5)
    fit_to, held_out = generated[num_held:], generated[:num_held]
    num_train = min(len(real_train), len(fit_to))
    if num_train < num_components:
        raise ValueError(
            f"generated and real_train must leave at least {num_components} channels, "
            f"one for each component, got {num_train}."
        )
    sets = {"real": real_train, "generated": fit_to}
    if strength is None:
        strength = _strength(real_train, seed, progress)
    models = {}
    with progress_bar("train on generated, test on real", 4, enabled=progress) as go:
        for name, h in sets.items():
            models[name] = _fit(_evenly(h, num_train), num_components, strength, seed)
            go(1, note=f"fitted to {name}")
        rows = _tested("real", real_test, models, levels, groups, seed)
        go(1, note="tested on real")
        rows += _tested("generated", held_out, models, levels, None, seed)
        go(1, note="tested on generated")
    return Exchange(rows, num_train, strength)


def _evenly(h: np.ndarray, size: int) -> np.ndarray:
    """Take ``size`` channels, evenly spaced."""
    return h[np.linspace(0, len(h) - 1, size).round().astype(int)]


def _strength(h: np.ndarray, seed: int, progress: bool) -> float | None:
    from commgen.generative.recipes import choose_strength

    held_out = np.arange(len(h)) % 10 == 0
    return choose_strength(
        h[~held_out], h[held_out], covariance="full", seed=seed, progress=progress
    )


def _fit(h: np.ndarray, num_components: int, strength, seed: int) -> Any:
    from commgen.generative import GaussianMixture

    model = GaussianMixture(h.shape[1:], num_components)
    return model.fit(h, seed=seed, strength=strength)


def _tested(name, h, models, levels, groups, seed) -> list[ExchangeRow]:
    noise = complex_normal(np.random.default_rng(seed), h.shape)
    index = check_groups("groups", groups, len(h))
    power = float(np.sum(np.abs(h) ** 2, dtype=np.float64))
    errors = {k: _errors(model, h, noise, levels) for k, model in models.items()}
    rows = []
    for snr, chosen in zip(levels, np.eye(len(levels), dtype=bool), strict=True):
        rows.append(_row(name, float(snr), errors, chosen, power, index))
    every = np.ones(len(levels), bool)
    return [*rows, _row(name, float("nan"), errors, every, power, index)]


def _row(name, snr_db, errors, chosen, power, groups) -> ExchangeRow:
    real, generated = (errors[key][chosen] for key in ("real", "generated"))
    first, second = (
        float(np.mean(10 * np.log10(part.sum(axis=1) / power)))
        for part in (real, generated)
    )
    low, high = paired_interval_db(generated, real, groups)
    return ExchangeRow(name, snr_db, first, second, second - first, low, high)


def _errors(model, h: np.ndarray, noise: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Squared error of each channel at each SNR, [num_snr, n]."""
    from commgen.generative.chunks import ChunkedDenoiser

    denoise = ChunkedDenoiser(model, size=_CHUNK)
    errors = np.empty((len(levels), len(h)))
    for j, snr_db in enumerate(levels):
        no = np.float32(noise_variance(snr_db))
        h_hat, _ = denoise(h + np.sqrt(no) * noise, no)
        errors[j] = (np.abs(h_hat - h) ** 2).reshape(len(h), -1).sum(axis=1)
    return errors
