"""What is left of a look at a channel where its phase is lost."""

from typing import Any

import numpy as np

from commgen.inference.observation import (
    LinearObservation,
    infer,
    power_posterior,
)
from commgen.measures.decibel import noise_variance
from commgen.measures.intervals import RatioSums, share_interval
from commgen.studies.seeds import part_seed
from commgen.studies.tables import Rows

NUM_LOOKS, SNR_DB = 8, 20.0
_NUM_SAMPLES = 128


def looks_with_and_without_phases(h, gmm: Any, lmmse: Any, seed: int) -> Rows:
    """Choose the best DFT beam after a few looks, by their phases too or without.

    Looks are every eighth of the beams, or antennas with random phases; a beam is
    chosen by its mean power over draws of the posterior, or as the strongest look.

    Parameters
    ----------
    h : [n, num_ant], complex
        Channels, one for each row of antennas.
    gmm, lmmse
        Mixtures; the second of one component.
    seed
        Of looks, noise and draws.

    Returns
    -------
    list of dict
        Of each kind of look and estimator: share of channels whose best beam was
        found, and share of the power of the best beams, with 95 % intervals.
    """
    size, no = h.shape[1], noise_variance(SNR_DB)
    beams = np.fft.fft(np.eye(size), norm="ortho")
    power = np.abs(h @ beams.T) ** 2
    rng = np.random.default_rng(part_seed(seed, "observations/looks"))
    phases = np.exp(2j * np.pi * rng.random((NUM_LOOKS, size))) / np.sqrt(size)
    step = size // NUM_LOOKS
    rows = []
    for looks, A in (("every eighth beam", beams[::step]), ("random phases", phases)):
        seen = LinearObservation((size,), A, no)
        y = seen.simulate(h, seed=part_seed(seed, "observations/look noise"))
        for name, beam in _choices(y, seen, gmm, lmmse, beams, step, seed).items():
            if name != "strongest look" or A is not phases:
                rows.append({"looks": looks, "chosen by": name, **_judge(power, beam)})
    return rows


def _choices(y, seen, gmm, lmmse, beams, step, seed) -> dict[str, np.ndarray]:
    r, own = np.abs(y) ** 2, part_seed(seed, "observations/look draws")
    options: dict[str, Any] = {"num_samples": _NUM_SAMPLES, "seed": own}

    def strongest(posterior) -> np.ndarray:
        return np.mean(np.abs(posterior.samples @ beams.T) ** 2, axis=0).argmax(axis=1)

    return {
        "strongest look": r.argmax(axis=1) * step,
        "powers, LMMSE": strongest(power_posterior(lmmse, r, seen, **options)),
        "powers, GMM": strongest(power_posterior(gmm, r, seen, **options)),
        "with phases, LMMSE": strongest(infer(lmmse, y, seen, **options)),
        "with phases, GMM": strongest(infer(gmm, y, seen, **options)),
    }


def _judge(power, beam) -> dict[str, float]:
    """Return how often the best beam was found, and its share of the power."""
    reached = power[np.arange(len(beam)), beam]
    right = share_interval(reached == power.max(axis=1))
    share = RatioSums.of(reached, power.max(axis=1))
    low, high = share.interval()
    names = ("right", "right_low", "right_high")
    return {
        **dict(zip(names, right, strict=True)),
        **{"power_share": share.ratio(), "share_low": low, "share_high": high},
    }
