"""Estimators of channels of which a receiver sees only so much."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.tables import write_csv
from commgen._progress import progress_bar
from commgen.channels import RECIPES, draw_channels
from commgen.channels.config import SPEED_OF_LIGHT_M_S
from commgen.channels.grid_config import GridConfig
from commgen.generative.model import Posterior
from commgen.inference.observation import (
    LinearObservation,
    MixtureTracker,
    Quantizer,
    bussgang_lmmse,
    denoise_unknown_noise,
    infer,
    jakes_correlation,
    least_squares,
    linear_mmse,
    quantized_posterior,
)
from commgen.measures.decibel import noise_variance
from commgen.studies.nmse import timed_row
from commgen.studies.observation.powers import (
    NUM_LOOKS,
    SNR_DB,
    looks_with_and_without_phases,
)
from commgen.studies.seeds import part_seed
from commgen.studies.tables import Rows
from commgen.studies.trained import trained_models

MODELS = ("lmmse", "gmm")
_SIZE = 64
_SPEED_M_S, _SLOT_S, _NUM_SLOTS = 3.0, 2e-3, 10
_GROUPS = (1, 4, 16)
# An interferer of the channels' power, from this side.
_INTERFERER_DEG = 20

# What is seen, the estimator's name, the channels, and what infers them.
Case = tuple[str, str, np.ndarray, Callable[[], Any]]


@dataclass(frozen=True)
class ObservationSize:
    """How much is observed.

    Parameters
    ----------
    num_channels, snr_db
        Channels, and SNR [dB].
    num_bits, num_quantized
        Bits of the converters, and channels that go through them; all where None.
    """

    num_channels: int = 400
    snr_db: float = 10.0
    num_bits: tuple[int, ...] = (1, 2, 3)
    num_quantized: int | None = None


#: Enough for a look.
QUICK = ObservationSize(16, num_bits=(1,), num_quantized=4)


def observation_study(
    output: Path, size: ObservationSize, *, models: Path | None, seed: int
) -> dict[str, Rows]:
    """Estimate new channels from what is left of them.

    They are seen by half of the antennas, through 16 chains, in coloured interference,
    by converters of one to three bits, in noise of an unknown level, and over slots of
    a moving terminal of UMi. What looks without phases tell is seen in the beam that
    is chosen after them.

    Parameters
    ----------
    output
        Folder of ``observations.csv`` and ``looks.csv``.
    size
        How much.
    models
        Folder of the models :data:`MODELS`; None trains small ones.
    seed
        Of channels, mask and combiners.

    Returns
    -------
    dict
        Title to rows: of each observation and estimator the error over all antennas,
        the error that is promised, and CPU time for each channel; and of looks with
        phases and without how often the best beam was found.
    """
    known = trained_models(models, output, MODELS, seed=seed)
    lmmse, gmm = (known.load(name) for name in MODELS)
    R, no = lmmse.mixture.component(0).matrix(), noise_variance(size.snr_db)
    h = draw_channels(known.config, size.num_channels, seed=seed).h
    h = h.reshape(len(h), -1)
    moving = _moving(size.num_channels, part_seed(seed, "observations/moving"))
    cases = [
        *_linear(h, gmm, R, no, np.random.default_rng(seed)),
        *_quantized(h[: size.num_quantized], gmm, R, no, size.num_bits),
        *_unknown_noise(h, gmm, no),
        *_tracked(moving, gmm, lmmse, no),
    ]
    rows = []
    with progress_bar("observations", len(cases), unit="estimates") as advance:
        for seen, name, channels, estimate in cases:
            row = {"seen": seen, "estimator": name, **timed_row(channels, estimate)}
            rows.append(row)
            advance(1, note=f"{seen}, {name}")
    looks = looks_with_and_without_phases(h, gmm, lmmse, seed)
    write_csv(output / "observations.csv", rows)
    write_csv(output / "looks.csv", looks)
    return {
        f"{len(h)} channels at {size.snr_db:g} dB": rows,
        f"Best of {_SIZE} beams after {NUM_LOOKS} looks at {SNR_DB:g} dB": looks,
    }


def _moving(num: int, seed: int) -> np.ndarray:
    """Draw channels of terminals that move, [num, slots, 64]."""
    grid = GridConfig(num_time_steps=_NUM_SLOTS, time_step_s=_SLOT_S)
    speed = {"speed_min_m_s": _SPEED_M_S, "speed_max_m_s": _SPEED_M_S}
    config = RECIPES["umi64"].model_copy(update={"grid": grid, **speed})
    return np.swapaxes(draw_channels(config, num, seed=seed).h[:, :, 0, :, 0], 1, 2)


def _observations(rng: np.random.Generator, no: float) -> dict[str, LinearObservation]:
    mask = np.zeros(_SIZE, bool)
    mask[rng.permutation(_SIZE)[: _SIZE // 2]] = True
    phases = np.exp(2j * np.pi * rng.random((1, 16, _SIZE)))
    direction = np.sin(np.deg2rad(_INTERFERER_DEG))
    a = np.exp(1j * np.pi * np.arange(_SIZE) * direction)
    interference = no * np.eye(_SIZE) + np.outer(a, a.conj())
    return {
        "all antennas": LinearObservation((_SIZE,), None, no),
        "half of them": LinearObservation.masked(mask, no),
        "16 chains": LinearObservation.combined(phases / _SIZE**0.5, no, (_SIZE,)),
        "interference": LinearObservation.coloured(interference, (_SIZE,)),
    }


def _linear(h, gmm, R, no, rng) -> Iterator[Case]:
    for seen, observation in _observations(rng, no).items():
        y = observation.simulate(h, seed=1)
        yield seen, "LS", h, partial(least_squares, y, observation)
        yield seen, "LMMSE", h, partial(linear_mmse, R, y, observation)
        yield seen, "GMM", h, partial(infer, gmm, y, observation)


def _quantized(h, gmm, R, no, num_bits) -> Iterator[Case]:
    observation = LinearObservation((_SIZE,), None, no)
    y = observation.simulate(h, seed=1)
    for bits in num_bits:
        quantizer = Quantizer.matched(bits, 1 + no)
        q, seen = quantizer(y), f"{bits} bit"
        told = q, quantizer, observation
        # The levels themselves, as if there were no quantiser.
        yield seen, "LS", h, partial(least_squares, q, observation)
        yield seen, "Bussgang LMMSE", h, partial(bussgang_lmmse, R, *told)
        yield seen, "GMM, EP", h, partial(quantized_posterior, gmm, *told)


def _unknown_noise(h, gmm, no) -> Iterator[Case]:
    h = h[: len(h) // _GROUPS[-1] * _GROUPS[-1]]
    y = LinearObservation((_SIZE,), None, no).simulate(h, seed=1)
    unknown = LinearObservation((_SIZE,))

    def estimate(groups):
        return denoise_unknown_noise(gmm, y, unknown, groups=groups)[0]

    for num in _GROUPS:
        groups = np.arange(len(h)) // num
        yield f"noise from {num}", "GMM", h, partial(estimate, groups)


def _tracked(h, gmm, lmmse, no) -> Iterator[Case]:
    observation = LinearObservation((_SIZE,), None, no)
    y = [observation.simulate(h[:, t], seed=t) for t in range(_NUM_SLOTS)]
    doppler_hz = _SPEED_M_S * RECIPES["umi64"].carrier_hz / SPEED_OF_LIGHT_M_S
    a = jakes_correlation(doppler_hz, _SLOT_S)

    def track(prior):
        posterior = MixtureTracker(prior, a, full=False).track(y, observation)
        return Posterior(posterior.mean[:, -1], posterior.err_var[:, -1])

    seen, last = f"slot {_NUM_SLOTS}", h[:, -1]
    yield seen, "LS", last, partial(least_squares, y[-1], observation)
    yield seen, "GMM, this slot", last, partial(infer, gmm, y[-1], observation)
    for name, prior in (("LMMSE", lmmse), ("GMM", gmm)):
        yield seen, f"{name}, tracked", last, partial(track, prior)
