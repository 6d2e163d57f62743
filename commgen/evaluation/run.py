"""The whole evaluation of a model folder or channel file, from paths to findings."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.evaluation.downstream import Exchange, train_on_generated_test_on_real
from commgen.evaluation.link import LinkComparison, link_bler
from commgen.evaluation.load import load_candidate, read_set
from commgen.evaluation.report import Report, evaluate_channels

# A fifth of the channels that an estimator could learn from is kept to test it.
_DRAWN_FOR_TRAINING = 1.25


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Parameters
    ----------
    report
        Distances, tests and statistics.
    exchange, link
        Downstream tasks, None where they were left out.
    card
        Inputs with checksums, settings and cost.
    title
        Candidate and truth in words.
    """

    report: Report
    exchange: Exchange | None
    link: LinkComparison | None
    card: dict[str, Any]
    title: str


def run_evaluation(
    candidate: str | Path,
    truth: str | Path,
    *,
    seed: int,
    train: str | Path | None = None,
    floor: str | Path | None = None,
    n: int = 2000,
    group_by: tuple[str, ...] = (),
    downstream: bool = True,
    num_components: int = 64,
    progress: bool = False,
) -> Evaluation:
    """Judge a model folder or a channel file against a file of held-out truth.

    Parameters
    ----------
    candidate
        Model folder, or channel file of generated channels.
    truth, train, floor
        Channel files: channels that no model has seen; what the model was fitted to;
        another draw of the truth. See :func:`~commgen.evaluation.evaluate_channels`.
    seed
        Seed of everything random.
    n
        Channels that are compared, and slots of the link at each SNR, at most.
    group_by
        Labels that near-copies share, in ``truth`` and ``floor``.
    downstream
        Also run :func:`~commgen.evaluation.link_bler` and, where there is ``train``,
        :func:`~commgen.evaluation.train_on_generated_test_on_real`.
    num_components
        Of the estimators that are trained, at most one for 20 channels.
    progress
        Show progress bars.

    Returns
    -------
    Evaluation

    Raises
    ------
    OSError
        If a file is not there.
    ValueError
        If files are damaged, their channels do not go together, or a label is unknown.
    """
    started, cpu = time.time(), time.process_time()
    check_int("n", n, low=20)
    candidate, name = Path(candidate), Path(candidate).stem
    real = read_set(truth)
    learned = None if train is None else read_set(train, "train", real)
    again = None if floor is None else read_set(floor, "floor", real)
    groups = real.groups(group_by)
    wanted = n if learned is None or not downstream else len(learned.h)
    num_drawn = max(n, int(np.ceil(_DRAWN_FOR_TRAINING * wanted)))
    drawn = load_candidate(candidate, real, num_drawn, seed=seed)
    report = evaluate_channels(
        real.h,
        {name: drawn.h},
        layout=real.layout,
        seed=seed,
        train=None if learned is None else learned.h,
        floor=None if again is None else again.h,
        floor_groups=None if again is None else again.groups(group_by),
        models=None if drawn.model is None else {name: drawn.model},
        groups=groups,
        max_samples=n,
        progress=progress,
    )
    exchange = link = None
    common: dict[str, Any] = {"seed": seed, "progress": progress}
    if downstream and learned is not None:
        num = max(1, min(num_components, len(learned.h) // 20, len(drawn.h) // 25))
        exchange = train_on_generated_test_on_real(
            learned.h, drawn.h, real.h, num_components=num, groups=groups, **common
        )
    if downstream:
        link = link_bler(real.h, drawn.h, real.layout, max_num_blocks=n, **common)
    sets = [part for part in (real, learned, again, drawn) if part is not None]
    card = {
        "candidate": str(candidate),
        "seed": seed,
        "n": n,
        "group_by": list(group_by),
        "layout": list(real.layout),
        "inputs_sha256": {k: v for part in sets for k, v in part.inputs.items()},
        "wall_seconds": round(time.time() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }
    title = f"{name} against {Path(truth).stem}"
    return Evaluation(report, exchange, link, card, title)
