"""Angle of arrival, estimators beside the exact posterior, over the SNR."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from commgen._checks import check_int
from commgen._progress import progress_bar
from commgen.generative._untyped import keras
from commgen.generative.files import save_keras
from commgen.inference.parameters.amortised import (
    AnglePosteriorNetwork,
    load_angle_network,
)
from commgen.inference.parameters.axis import Axis
from commgen.inference.parameters.bounds import (
    stochastic_crb,
    to_value_bound,
    ziv_zakai,
)
from commgen.inference.parameters.classical import bartlett, esprit, root_music
from commgen.inference.parameters.grid import grid_posterior
from commgen.inference.parameters.importance import proposal_samples, refined_samples
from commgen.inference.parameters.model import SignalModel
from commgen.inference.parameters.sampling import sample_posterior
from commgen.inference.parameters.simulate import draw_observations
from commgen.measures.decibel import noise_variance

LEVEL = 0.9
REFERENCE = "exact posterior"
_NUM_BOOTSTRAP = 1000
# What unknown noise may be: the SNRs that are asked for, and 5 dB more on each side, so
# that the ends of the prior tell nothing.
_UNKNOWN = SignalModel(power=1.0, snr_low_db=-15.0, snr_high_db=25.0, snr_step_db=1.0)

Found = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]


def aoa_study(
    num_trials: int,
    snr_db,
    seed: int,
    *,
    network: AnglePosteriorNetwork | None = None,
    folder: Path | None = None,
    num_chain_trials: int = 100,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """Compare estimators of one angle with the exact posterior on common draws.

    An array with half-wavelength spacing, angles uniform within -60 and 60 degrees,
    gains of unit power that are new in each snapshot; noise of known variance, and of
    unknown one. Array and snapshots are the network's: 8 and 10 by default.

    Parameters
    ----------
    num_trials
        Observations at each SNR.
    snr_db : sequence of float
        In an entry of a snapshot, best within -10 and 20.
    seed
        Of all draws.
    network
        Of :class:`AnglePosteriorNetwork`, trained; None trains one, in minutes.
    folder
        Where a network that is trained here is kept, or taken from if it is there.
    num_chain_trials
        Of the trials, those that chains are run for; 0 leaves them out.
    progress
        Show a bar.

    Returns
    -------
    list of dict
        A row for each SNR, noise and estimator: ``rmse_deg`` with the ends of its 95 %
        interval, ``ratio`` to the RMSE of the exact posterior mean on the same trials
        likewise (paired bootstrap), ``coverage`` of 90 % intervals (Wilson), CPU time.
        Bounds stand beside them with their RMSE alone.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.
    """
    check_int("num_trials", num_trials, low=20)
    check_int("num_chain_trials", num_chain_trials, low=0, high=num_trials)
    seed = check_int("seed", seed, low=0)
    levels = np.atleast_1d(np.asarray(snr_db, float))
    if levels.ndim != 1 or not np.isfinite(levels).all():
        raise ValueError(f"snr_db must be finite numbers, got {snr_db}.")
    chosen: Any = _network(folder, seed, progress) if network is None else network
    rows = []
    with progress_bar(
        "angle of arrival", 2 * len(levels), unit="points", enabled=progress
    ) as advance:
        for i, level in enumerate(levels):
            y, value = draw_observations(
                chosen.axis,
                num_trials,
                num_snapshots=chosen.num_snapshots,
                snr_db=level,
                rng=np.random.default_rng([seed, i]),
            )
            for noise in ("known", "unknown"):
                model = _model(noise, level)
                methods = _methods(chosen, model, num_chain_trials, seed)
                rows += _point(y, value[:, 0], methods, noise, float(level))
                advance(1, note=f"{level:g} dB, {noise} noise")
            rows += _bounds(chosen, value[:, 0], float(level))
    return rows


def _network(folder, seed, progress) -> AnglePosteriorNetwork:
    file = None if folder is None else Path(folder) / "network.keras"
    if file is not None and file.is_file():
        return load_angle_network(file)
    keras.utils.set_random_seed(seed)
    network = AnglePosteriorNetwork()
    network.fit_simulated(seed=seed, folder=folder, progress=progress)
    if file is not None:
        save_keras(network, file)
    return network


def _model(noise, snr_db) -> SignalModel:
    if noise == "known":
        return SignalModel(power=1.0, no=noise_variance(snr_db))
    return _UNKNOWN


def _methods(network, model, num_chain_trials, seed) -> dict[str, Callable]:
    axis = network.axis

    def exact(y) -> Found:
        posterior = grid_posterior(y, axis, model)
        return posterior.mean[:, 0], *posterior.marginals[0].interval(LEVEL)

    def one_pass(y) -> Found:
        drawn = proposal_samples(network, y, model.no, seed=seed)
        return drawn.mean(), *drawn.interval(LEVEL)

    def refined(y) -> Found:
        drawn = refined_samples(network, y, model, seed=seed)
        return drawn.mean(), *drawn.interval(LEVEL)

    def chains(y) -> Found:
        drawn = sample_posterior(y, axis, model, seed=seed).flat[..., 0]
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=1)
        return drawn.mean(axis=1), low, high

    methods: dict[str, Callable] = {
        REFERENCE: exact,
        "network": one_pass,
        "network, refined": refined,
        "HMC": lambda y: chains(y[:num_chain_trials]),
        "ML": lambda y: (bartlett(y, axis)[:, 0], None, None),
        "root-MUSIC": lambda y: (root_music(y, axis, 1)[:, 0], None, None),
        "ESPRIT": lambda y: (esprit(y, axis, 1)[:, 0], None, None),
    }
    if not num_chain_trials:
        del methods["HMC"]
    return methods


def _point(y, value, methods, noise, snr_db):
    rows, reference = [], np.empty(0)
    for name, method in methods.items():
        started = time.process_time()
        mean, low, high = method(y)
        cpu = time.process_time() - started
        n = len(mean)
        error = (mean - value[:n]) ** 2
        reference = error if name == REFERENCE else reference
        row = {"snr_db": snr_db, "noise": noise, "estimator": name, "num_trials": n}
        row |= _rmse(error, reference[:n])
        if low is not None:
            row |= _coverage((low <= value[:n]) & (value[:n] <= high))
        rows.append(row | {"cpu_ms": 1e3 * cpu / n})
    return rows


def _rmse(error, reference):
    """RMSE and its ratio to the reference's, with 95 % intervals by the bootstrap."""
    rng = np.random.default_rng(0)
    index = rng.integers(len(error), size=(_NUM_BOOTSTRAP, len(error)))
    mean, other = error[index].mean(axis=1), reference[index].mean(axis=1)
    low, high = np.quantile(np.sqrt(mean), [0.025, 0.975])
    ratio = np.sqrt(error.mean() / reference.mean())
    ratio_low, ratio_high = np.quantile(np.sqrt(mean / other), [0.025, 0.975])
    return {
        "rmse_deg": float(np.sqrt(error.mean())),
        "rmse_low": float(low),
        "rmse_high": float(high),
        "ratio": float(ratio),
        "ratio_low": float(ratio_low),
        "ratio_high": float(ratio_high),
    }


def _coverage(inside):
    test = stats.binomtest(int(inside.sum()), len(inside))
    interval = test.proportion_ci(0.95, method="wilson")
    return {
        "coverage": float(inside.mean()),
        "coverage_low": float(interval.low),
        "coverage_high": float(interval.high),
    }


def _bounds(network, value, snr_db):
    """Root of the mean CRB over the angles that were drawn, and of Ziv and Zakai's."""
    axis: Axis = network.axis
    no, T = noise_variance(snr_db), network.num_snapshots
    x = axis.to_x(value)
    # Of one path the bound in u is the same everywhere.
    in_u = stochastic_crb(axis, x[:1], 1.0, no, T)
    crb = np.mean([to_value_bound(axis, at, in_u)[0, 0] for at in x])
    bounds = {"CRB": crb, "Ziv-Zakai": ziv_zakai(axis, snr=1 / no, num_snapshots=T)}
    return [
        {
            "snr_db": snr_db,
            "noise": "known",
            "estimator": name,
            "num_trials": len(value),
            "rmse_deg": float(np.sqrt(bound)),
        }
        for name, bound in bounds.items()
    ]
