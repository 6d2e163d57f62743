"""One node of ten that lies, under Flower's strategies as they are."""

import argparse
from pathlib import Path

from federation import SEED, cells_of, compared, errors, small_vae
from rich.console import Console
from rich.table import Table

from commgen.federated.config import parse_federation
from commgen.federated.nodes.host import Reply
from commgen.federated.nodes.rounds import WEIGHTS, LocalRounds, RoundSettings, part_of
from commgen.federated.server.checked import CheckedGrid
from commgen.federated.server.checkpoint import RunState
from commgen.federated.server.local import LocalGrid
from commgen.federated.server.questions import Questions
from commgen.federated.server.strategies import build_strategy
from commgen.federated.tasks import Answer
from commgen.generative.training import TrainingConfig
from commgen.studies.federated.attackers import ATTACKS
from commgen.studies.federated.loop import node_training

#: Attack (None: all are honest), strategy, and its options.
CASES = [
    (None, "FedAvg", {}),
    ("x50", "FedMedian", {}),
    ("sign flip", "FedTrimmedAvg", {"beta": 0.1}),
    ("sign flip", "FedMedian", {}),
    ("sign flip", "MultiKrum", {"num_malicious_nodes": 1, "num_nodes_to_select": 8}),
    ("x50", "FedTrimmedAvg", {"beta": 0.1}),
    ("x50", "MultiKrum", {"num_malicious_nodes": 1, "num_nodes_to_select": 8}),
    ("NaN", "FedAvg", {}),
    ("wrong shape", "FedAvg", {}),
    ("wrong dtype", "FedAvg", {}),
]
LIAR = 4


class Nodes:
    """Has the cells' nodes answer, in the place of messages; one lies."""

    def __init__(self, nodes, cells, attack):
        self.nodes, self.cells, self.attack, self.given = nodes, cells, attack, []

    def submit(self, batch, pending):
        """Note a task."""
        self.given.append((batch, pending))

    def next_batch(self):
        """Answer the first task that is left."""
        index, task = self.given.pop(0)
        cell = self.cells[index]
        if task.what == "describe":
            parts = ("train", "validation", "test")
            said = {f"num_{part}": float(len(getattr(cell, part))) for part in parts}
            said |= {"partition": float(index), "power": 1.0}
            said["axis0"] = float(cell.train.shape[1])
            return Reply(index, Answer({}, len(cell.train), said))
        answer = self.nodes[index].run(task)
        if index == LIAR and self.attack is not None:
            answer = ATTACKS[self.attack](task, answer)
        return Reply(index, answer)


def federation(nodes, cells, attack, strategy, options, start, num_rounds):
    """Return the last round's weights, and how many answers were refused."""
    node = {"channel": {"scenario": "rayleigh"}}
    config = parse_federation(
        {
            "nodes": {cell.name: node for cell in cells},
            "strategy": {"name": strategy, "options": options},
        }
    )
    grid = CheckedGrid(LocalGrid(len(cells), Nodes(nodes, cells, attack)), len(cells))
    grid.greet(1)
    questions = Questions(config, grid, RunState("x"))
    arrays = {WEIGHTS + name: value for name, value in start.items()}
    chosen, refused = build_strategy(config.strategy), 0
    for _ in range(num_rounds):
        totals = questions.ask("train", arrays, strategy=chosen)
        refused += len(totals.exchange.refused)
        arrays |= totals.arrays
    return part_of(arrays, WEIGHTS), refused


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=Path, default=Path("runs/federated-cells"))
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)))
    parser.add_argument("--part", default="test", choices=("validation", "test"))
    args = parser.parse_args()
    cells = cells_of(args.cells, 10, 500)
    model = small_vae(cells)
    config = TrainingConfig(num_epochs=args.epochs, batch_size=16, learning_rate=2e-3)
    trainings = [
        node_training(model, cell, i, config, seed=SEED) for i, cell in enumerate(cells)
    ]
    start = trainings[0].state()
    rows, first = [], None
    for case in args.cases:
        attack, strategy, options = CASES[case]
        nodes = [LocalRounds(part, RoundSettings(1)) for part in trainings]
        found, refused = federation(
            nodes, cells, attack, strategy, options, start, args.epochs
        )
        found = errors(model, trainings[0], {**start, **found}, cells, args.part)
        # The liar's own cell is nobody's to lose.
        found = [e for i, e in enumerate(found) if i != LIAR]
        first = first or found
        row = {"attack": attack or "none", "strategy": strategy, "refused": refused}
        rows.append({**row, **compared(found, first)})
        print(rows[-1], flush=True)
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
