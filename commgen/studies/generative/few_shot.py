"""A new site with few channels: adapt a model of another one, or begin from nothing."""

from typing import Any

import numpy as np

from commgen._progress import progress_bar
from commgen.generative import GaussianMixture
from commgen.generative.recipes import choose_strength
from commgen.studies.nmse import mean_nmse_db
from commgen.studies.sets import few_channels

COLUMNS = ("num_channels", "method", "new_site_db", "old_site_db")
#: Rows that begin from nothing, and the one that adapts.
SCRATCH = ("sample covariance", "GMM", "circulant GMM", "Toeplitz GMM")
ADAPTED, UNCHANGED = "adapted", "pre-trained, unchanged"


def few_shot_study(
    pretrained: GaussianMixture,
    new_train: Any,
    new_test: np.ndarray,
    old_test: np.ndarray,
    *,
    sizes: tuple[int, ...] = (50, 100, 500),
    seed: int,
) -> list[dict[str, Any]]:
    """Adapt a mixture to few channels of a new site, beside training on them alone.

    Parameters
    ----------
    pretrained
        Mixture of the old site.
    new_train : Events
        Channels of the new site, of which few are taken.
    new_test, old_test : [n, *event_shape], complex
        Channels of both sites that no model has seen.
    sizes
        Channels of the new site that are at hand.
    seed
        Seed of the choice of channels, and of the noise.

    Returns
    -------
    list of dict
        ``COLUMNS``: NMSE on the new site, and on the old one, which tells what was
        forgotten; mean over -10 to 20 dB SNR [dB].
    """
    # Block-Toeplitz covariances of several axes take too long to fit.
    scratch = SCRATCH if len(pretrained.event_shape) == 1 else SCRATCH[:-1]
    rows = []
    total = len(sizes) * (len(scratch) + 1) + 1
    with progress_bar("few-shot", total, unit="models") as advance:
        for size in sizes:
            few = few_channels(new_train, size, seed=seed).h
            for name in (*scratch, ADAPTED):
                model = _fitted(name, few, pretrained, seed)
                rows.append(_row(size, name, model, new_test, old_test, seed))
                advance(1, note=f"{name}, {size}")
        rows.append(_row(0, UNCHANGED, pretrained, new_test, old_test, seed))
        advance(1, note=UNCHANGED)
    return rows


def few_shot_gain_db(rows: list[dict[str, Any]], num_channels: int) -> float:
    """Return how much the adapted model is better than the best one from nothing."""
    error = {
        row["method"]: row["new_site_db"]
        for row in rows
        if row["num_channels"] == num_channels
    }
    return min(error[name] for name in SCRATCH if name in error) - error[ADAPTED]


def _fitted(name, few, pretrained, seed) -> GaussianMixture:
    shape = few.shape[1:]
    if name == ADAPTED:
        return pretrained.adapt(few, seed=seed)
    if name == "sample covariance":
        return GaussianMixture(shape, 1).fit(few, seed=seed)
    num_components = max(1, min(16, len(few) // 12))
    structure = {"circulant GMM": "circulant", "Toeplitz GMM": "toeplitz"}.get(name)
    if structure is not None:
        return GaussianMixture(shape, num_components, structure).fit(few, seed=seed)
    held_out = np.arange(len(few)) % 5 == 0
    strength = choose_strength(
        few[~held_out], few[held_out], covariance="full", seed=seed
    )
    return GaussianMixture(shape, num_components).fit(few, seed=seed, strength=strength)


def _row(size, name, model, new_test, old_test, seed) -> dict[str, Any]:
    error = [
        mean_nmse_db({"model": model}, h, seed=seed)["model"]
        for h in (new_test, old_test)
    ]
    return dict(zip(COLUMNS, (size, name, *error), strict=True))
