"""Whether generated channels help where real ones are few."""

from typing import Any

import numpy as np
from scipy import stats
from sklearn.ensemble import RandomForestClassifier

from commgen._progress import progress_bar
from commgen.evaluation import invariant_features
from commgen.generative import GaussianMixture
from commgen.generative.recipes import learn
from commgen.studies.nmse import mean_nmse_db
from commgen.studies.seeds import part_seed
from commgen.studies.sets import StudySet, few_channels

COLUMNS = (
    "num_real",
    "num_generated",
    "repeat",
    "real_nmse_db",
    "augmented_nmse_db",
    "real_accuracy",
    "augmented_accuracy",
)
SUMMARY_COLUMNS = (
    "num_real",
    "num_generated",
    "nmse_change_db",
    "nmse_low_db",
    "nmse_high_db",
    "accuracy_change",
    "accuracy_low",
    "accuracy_high",
)
_NUM_COMPONENTS = 32
_NUM_TREES = 200
_LABEL = "los"


def augmentation_study(
    data: StudySet,
    *,
    family: Any = "vae",
    sizes: tuple[int, ...] = (100, 300, 1000, 3000),
    factor: float = 3.0,
    repeats: int = 3,
    num_epochs: int | None = None,
    seed: int,
) -> list[dict[str, Any]]:
    """Train on n real channels, and on those with ``factor`` times as many generated.

    The generative model has seen the same n channels and no others, and is told which
    of them are in line of sight. What learns are an estimator, a Gaussian mixture, and
    a classifier of the line of sight, a random forest on features that no common
    phase changes. Both are tested on the real channels of the test part.

    Parameters
    ----------
    data
        Set whose labels hold ``los``.
    family
        Of the generative model, as :func:`~commgen.generative.recipes.learn` takes it.
    sizes
        Numbers of real channels; those that the set has not are left out.
    factor
        Generated channels for each real one.
    repeats
        Times that other real channels are chosen, from which the intervals come.
    num_epochs
        Of a network, in place of its recipe's number.
    seed
        Seed of everything random.

    Returns
    -------
    list of dict
        ``COLUMNS``: NMSE, mean over -10 to 20 dB SNR [dB], and classification accuracy.

    Raises
    ------
    ValueError
        If the channels have no label ``los``, or no size is at most their number.
    """
    if _LABEL not in data.train.labels:
        raise ValueError(
            f"data must have the label {_LABEL!r}, got {sorted(data.train.labels)}."
        )
    possible = [n for n in sizes if n <= len(data.train.h)]
    if not possible:
        raise ValueError(
            f"sizes must hold one of at most {len(data.train.h)}, the training "
            f"channels, got {sizes}."
        )
    rows = []
    total = len(possible) * repeats
    with progress_bar("augmenting", total, unit="trials") as advance:
        for n in possible:
            for k in range(repeats):
                trial = {"num_real": n, "repeat": k}
                result = _trial(
                    data,
                    family,
                    n,
                    factor,
                    num_epochs,
                    part_seed(seed, "augmentation/trial", k),
                )
                rows.append({name: {**trial, **result}[name] for name in COLUMNS})
                advance(1, note=f"{n} real")
    return rows


def _trial(data, family, n, factor, num_epochs, seed) -> dict[str, Any]:
    few = few_channels(data.train, n, seed=seed)
    los = few.labels[_LABEL].astype(np.float32)[:, None]
    num_generated = round(factor * n)
    model = learn(
        few.h,
        family,
        seed=seed,
        condition=los,
        num_components=_components(n),
        num_epochs=num_epochs,
        symmetries=data.symmetries,
    )
    # As many of each kind as there are among the real ones.
    told = np.resize(los, (num_generated, 1))
    drawn = model.sample(num_generated, told, seed=seed)
    h = {"real": few.h, "augmented": np.concatenate([few.h, drawn])}
    labels = {"real": los[:, 0], "augmented": np.concatenate([los, told])[:, 0]}
    result: dict[str, Any] = {"num_generated": num_generated}
    test = data.test
    for name in h:
        estimator = _estimator(h[name], n, seed)
        error = mean_nmse_db({name: estimator}, test.h, seed=seed)[name]
        result[f"{name}_nmse_db"] = error
        result[f"{name}_accuracy"] = _accuracy(
            h[name], labels[name], test, data.layout, seed
        )
    return result


def _components(n: int) -> int:
    return max(1, min(_NUM_COMPONENTS, n // 25))


def _estimator(h: np.ndarray, n: int, seed: int) -> GaussianMixture:
    # As many components with generated channels as without: only the data differ.
    return GaussianMixture(h.shape[1:], _components(n)).fit(h, seed=seed)


def _accuracy(h, labels, test, layout, seed) -> float:
    truth = test.labels[_LABEL].astype(bool)
    labels = labels.astype(bool)
    if labels.all() or not labels.any():
        return float(np.mean(truth == labels[0]))
    classifier = RandomForestClassifier(_NUM_TREES, random_state=seed)
    classifier.fit(invariant_features(h, layout), labels)
    return float(
        np.mean(classifier.predict(invariant_features(test.h, layout)) == truth)
    )


def summarise(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the change by generated channels at each size, with 95 % intervals.

    The intervals are Student's over the repeats, of paired differences; without end
    where there is one repeat.
    """
    summary = []
    for n in dict.fromkeys(row["num_real"] for row in rows):
        own = [row for row in rows if row["num_real"] == n]
        values = {"num_real": n, "num_generated": own[0]["num_generated"]}
        for name, column, unit in (
            ("nmse", "nmse_db", "_db"),
            ("accuracy",) * 2 + ("",),
        ):
            change = [row[f"augmented_{column}"] - row[f"real_{column}"] for row in own]
            mean, low, high = _interval(np.array(change))
            values |= {
                f"{name}_change{unit}": mean,
                f"{name}_low{unit}": low,
                f"{name}_high{unit}": high,
            }
        summary.append({name: values[name] for name in SUMMARY_COLUMNS})
    return summary


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    n, mean = len(values), float(values.mean())
    if n < 2:
        return mean, float("-inf"), float("inf")
    half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half
