"""The report: candidates beside an independent draw of the truth and a Gaussian."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._progress import progress_bar
from commgen.datasets.events import check_layout
from commgen.evaluation._sets import check_groups, check_set, subset
from commgen.evaluation.gaussian import GaussianReference
from commgen.evaluation.scores import score_set
from commgen.evaluation.statistics import autocorrelation, channel_statistics
from commgen.evaluation.verdict import verdict

FLOOR = "truth again"
GAUSSIAN = "Gaussian"
TRUTH = "truth"


@dataclass(frozen=True)
class Report:
    """What the measures say of each source of channels.

    Parameters
    ----------
    rows
        One dict for each source: ``source``, the numbers of
        :func:`~commgen.evaluation.score_set`, ``log_likelihood`` where it is exact,
        and ``verdict``. The first is the floor, the second the Gaussian.
    notes
        What the references were made of.
    statistics
        Source, with "truth", to name to values, [num_samples].
    autocorrelations
        Source to curve, [num_time_steps]; empty without a time axis.
    """

    rows: list[dict[str, Any]]
    notes: tuple[str, ...]
    statistics: dict[str, dict[str, np.ndarray]]
    autocorrelations: dict[str, np.ndarray] = field(default_factory=dict)

    def row(self, source: str) -> dict[str, Any]:
        """Return the row of one source; KeyError where there is none."""
        for row in self.rows:
            if row["source"] == source:
                return row
        raise KeyError(source)


def evaluate_channels(
    truth: Any,
    candidates: Mapping[str, Any],
    *,
    layout: Sequence[str],
    seed: int,
    train: Any = None,
    floor: Any = None,
    models: Mapping[str, Any] | None = None,
    groups: Any = None,
    floor_groups: Any = None,
    max_samples: int = 2000,
    snr_db: float = 10.0,
    progress: bool = False,
) -> Report:
    """Judge candidates against held-out truth, beside two references.

    All rows rest on equally many channels, as far as there are: every distance depends
    on the size of the sets.

    Parameters
    ----------
    truth : [n, *event_shape], complex
        Channels that no model has seen.
    candidates
        Name to channels [m, *event_shape], complex.
    layout
        Axes of an event, of "rx", "tx", "time", "subcarrier".
    seed
        Seed of all draws.
    train : [num_train, *event_shape], complex, optional
        What the models were fitted to: gives the Gaussian its covariance (else the
        truth itself does), and a view of memorisation.
    floor : [n, *event_shape], complex, optional
        Another draw of the truth, which no measure should tell from it. Without it,
        one half of the truth is measured against the other.
    models
        Name to a model with an exact ``log_prob(h)``, for candidates that have one.
    groups, floor_groups : [n], optional
        Which channels of ``truth`` and ``floor`` are near-copies of each other.
    max_samples, snr_db
        As in :func:`~commgen.evaluation.score_set`.
    progress
        Show a progress bar.

    Returns
    -------
    Report

    Raises
    ------
    ValueError, TypeError
        As :func:`~commgen.evaluation.check_set`; or if no candidate is given, a name is
        one of "truth", "truth again", "Gaussian", or models name no candidate.
    """
    truth = check_set("truth", truth)
    layout = check_layout(layout, truth.shape[1:])
    candidates = _checked(candidates, truth.shape[1:])
    models = dict(models or {})
    if not set(models) <= set(candidates):
        raise ValueError(
            f"models must be of the candidates {sorted(candidates)}, got "
            f"{sorted(models)}."
        )
    check_int("seed", seed, low=0)
    own = check_groups("groups", groups, len(truth))
    if train is not None:
        train = check_set("train", train, truth.shape[1:])
    size = min(max_samples, len(truth), *map(len, candidates.values()))
    references, notes = _references(truth, own, train, floor, floor_groups, size, seed)
    gaussian = references.pop("model")
    models[GAUSSIAN] = gaussian
    common: dict[str, Any] = {"layout": layout, "seed": seed, "snr_db": snr_db}
    common |= {"max_samples": size, "train": train}
    rows = []
    total = len(candidates) + 2
    with progress_bar("evaluating", total, unit="sets", enabled=progress) as advance:
        rows.append({"source": FLOOR, **score_set(**references[FLOOR], **common)})
        advance(1, note=FLOOR)
        sets = {GAUSSIAN: references[GAUSSIAN], **candidates}
        for name, h in sets.items():
            row = {"source": name, **score_set(truth, h, groups=own, **common)}
            if name in models:
                row["log_likelihood"] = float(np.mean(models[name].log_prob(truth)))
            rows.append(row)
            advance(1, note=name)
    for row in rows:
        row["verdict"] = verdict(row, floor=rows[0], gaussian=rows[1])
    shown = {TRUTH: truth, **sets}
    known = {
        name: channel_statistics(h[:max_samples], layout, snr_db=snr_db)
        for name, h in shown.items()
    }
    curves = {}
    if "time" in layout:
        curves = {name: autocorrelation(h, layout) for name, h in shown.items()}
    return Report(rows, notes, known, curves)


def _checked(candidates, event_shape) -> dict[str, np.ndarray]:
    if not candidates:
        raise ValueError("candidates must hold at least one set, got none.")
    taken = {TRUTH, FLOOR, GAUSSIAN} & set(candidates)
    if taken:
        raise ValueError(
            f"candidates must have names of their own, got {sorted(taken)[0]!r}, which "
            "is a reference."
        )
    return {name: check_set(name, h, event_shape) for name, h in candidates.items()}


def _references(truth, groups, train, floor, floor_groups, size: int, seed: int):
    """Return what the first row measures, the Gaussian's channels, and the notes."""
    source = "the training channels" if train is not None else "the truth itself"
    model = GaussianReference(truth if train is None else train)
    note = f"{GAUSSIAN}: drawn with the covariance of {source}."
    references: dict[str, Any] = {"model": model}
    references[GAUSSIAN] = model.sample(size, seed=seed + 1)
    if floor is not None:
        floor = check_set("floor", floor, truth.shape[1:])
        pair = {"truth": truth, "candidate": floor, "groups": groups}
        pair["candidate_groups"] = check_groups(
            "floor_groups", floor_groups, len(floor)
        )
        told = f"{FLOOR}: an independent draw of {len(floor):,} channels."
    else:
        first = _half(groups, seed)
        pair = {"truth": truth[first], "candidate": truth[~first]}
        pair |= {"groups": groups[first], "candidate_groups": groups[~first]}
        told = (
            f"{FLOOR}: one half of the truth against the other, so that its distances "
            "are those of smaller sets."
        )
    references[FLOOR] = pair
    return references, (told, note)


def _half(groups: np.ndarray, seed: int) -> np.ndarray:
    """Choose half of the groups, whole, as a mask over the channels."""
    num = groups.max() + 1
    if num < 2:
        raise ValueError(f"groups must be at least two to halve the truth, got {num}.")
    chosen = subset(num, (num + 1) // 2, np.random.default_rng(seed))
    return np.isin(groups, chosen)
