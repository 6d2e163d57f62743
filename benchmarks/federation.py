"""What the benchmarks of federations share: cells, a model, and rounds in one loop."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from commgen.federated.nodes.rounds import WEIGHTS, LocalRounds, mean_answer, part_of
from commgen.federated.tasks import Answer, Task
from commgen.generative import VariationalAutoencoder
from commgen.studies.federated.cells import Cell, drawn_cells
from commgen.studies.federated.judge import Judge, mean_db, pooled_gap, worst_gap

SEED = 0


def cells_of(folder: Path, num_cells: int, num_train: int) -> list[Cell]:
    """Draw the cells into a folder, or find them there."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"train": num_train, "validation": max(num_train // 4, 100), "test": 1000}
    return drawn_cells(folder, num_cells, sizes, seed=SEED)


def small_vae(cells: list[Cell]):
    """Build the autoencoder of the federated study, told the sums of all cells."""
    keras.utils.set_random_seed(SEED)
    shape = cells[0].train.shape[1:]
    model = VariationalAutoencoder(shape, num_latents=16, width=64, depth=1)
    sums = [model.sums(cell.train) for cell in cells]
    model.adapt_sums({k: sum(s[k] for s in sums) for k in sums[0]})
    return model


def rounds(
    nodes: list[LocalRounds],
    start: dict[str, np.ndarray],
    num_rounds: int,
    *,
    before: Callable = lambda i, number: None,
    change: Callable = lambda i, task, answer: answer,
    combine: Callable = lambda task, answers: mean_answer(answers),
):
    """Train in rounds, and return the weights of least validation loss.

    Parameters
    ----------
    nodes
        Of the cells.
    start
        Weights.
    num_rounds
        Rounds.
    before
        ``before(i, round)``: called before node i trains.
    change
        ``change(i, task, answer)``: what becomes of an answer on its way; None is lost.
    combine
        ``combine(task, answers)``: the arrays of the next task.
    """
    arrays = {WEIGHTS + name: value for name, value in start.items()}
    best, losses = start, []
    for number in range(1, num_rounds + 1):
        task, answers, seen = Task("train", number, arrays), [], []
        for i, node in enumerate(nodes):
            before(i, number)
            answer: Answer = node.run(task)
            seen.append(answer.metrics["val_loss"])
            answers.append(change(i, task, answer))
        losses.append(float(np.median(seen)))
        if losses[-1] == min(losses):
            best = part_of(arrays, WEIGHTS)
        came = [answer for answer in answers if answer is not None]
        arrays = {**arrays, **combine(task, came)}
    return part_of(arrays, WEIGHTS) if losses[-1] == min(losses) else best


def errors(model, training, weights, cells, part="test"):
    """Return the errors of a model with these weights, cell by cell."""
    training.load(weights)
    return Judge(model, cells, part, seed=SEED).all_errors()


def compared(found, reference) -> dict[str, str | float]:
    """Return a row: NMSE, and what it lost to a reference, in all and in one cell."""
    worst, gap = worst_gap(found, reference)
    lost = pooled_gap(found, reference)
    return {
        "NMSE [dB]": round(float(np.mean([mean_db(e) for e in found])), 3),
        "lost [dB]": lost.text,
        "worst cell [dB]": f"{gap.db:+.3f} ({worst + 1})",
    }
