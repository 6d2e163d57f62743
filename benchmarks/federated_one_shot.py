"""One model of each node, sent once, against training in rounds and in one place."""

import argparse
from pathlib import Path

import numpy as np
from federation import SEED, cells_of, compared, errors, small_vae
from rich.console import Console
from rich.table import Table

from commgen.generative import GaussianMixture
from commgen.generative.training import TrainingConfig
from commgen.generative.weights import values, weight_names
from commgen.studies.seeds import part_seed

_ROUNDS = 30


def trained(model, h, validation, epochs, start):
    """Train on channels, keeping the best epoch, and return the weights."""
    training = TrainingConfig(
        num_epochs=epochs, batch_size=128, learning_rate=4e-3, patience=epochs
    )
    steps = model.training(h, seed=SEED, validation=validation, training=training)
    steps.load(start)
    best, least = steps.state(), np.inf
    for epoch in range(epochs):
        ((_, loss),) = steps.run(epoch, epoch + 1)
        if loss < least:
            best, least = steps.state(), loss
    return steps, best


def drawn(cells, num_components, covariance, num_draws):
    """Fit a mixture in each cell; return draws of all, and the bytes of one."""
    parts, num_bytes = [], 0
    for i, cell in enumerate(cells):
        model = GaussianMixture(cell.train.shape[1:], num_components, covariance)
        model.fit(cell.train, seed=part_seed(SEED, "federated/mixture", i))
        num_bytes = sum(v.nbytes for v in values(weight_names(model)).values())
        parts.append(model.sample(num_draws, seed=SEED + i))
    h = np.concatenate(parts)
    return h[np.random.default_rng(SEED).permutation(len(h))], num_bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=Path, default=Path("runs/federated-cells"))
    parser.add_argument("--num-cells", type=int, default=8)
    parser.add_argument("--components", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--part", default="test", choices=("validation", "test"))
    args = parser.parse_args()
    cells = cells_of(args.cells, args.num_cells, 500)
    model = small_vae(cells)
    start = values(weight_names(model))
    rounds = _ROUNDS * sum(np.prod(w.shape) * 4 for w in model.trainable_weights)
    h = np.concatenate([cell.train for cell in cells])
    validation = np.concatenate([cell.validation for cell in cells])
    steps, best = trained(model, h, validation, args.epochs, start)
    central = errors(model, steps, best, cells, args.part)
    rows = [
        {
            "model": "central",
            "bytes a node": 0,
            "of rounds": "",
            **compared(central, central),
        }
    ]
    print(rows[-1], flush=True)
    for num_components in args.components:
        h, num_bytes = drawn(cells, num_components, "full", args.draws)
        held_out = np.arange(len(h)) % 10 == 0
        # As many steps as on the channels themselves, for a fair time.
        epochs = max(1, args.epochs * 500 // args.draws)
        steps, best = trained(model, h[~held_out], h[held_out], epochs, start)
        found = errors(model, steps, best, cells, args.part)
        rows.append(
            {
                "model": f"one shot, {num_components} components",
                "bytes a node": num_bytes,
                "of rounds": f"{num_bytes / rounds:.3f}",
                **compared(found, central),
            }
        )
        print(rows[-1], flush=True)
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
