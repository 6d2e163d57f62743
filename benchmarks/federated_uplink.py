"""What fewer bytes up cost in accuracy: few bits, few entries, few rounds."""

import argparse
from pathlib import Path

from federation import SEED, cells_of, compared, errors, rounds, small_vae
from rich.console import Console
from rich.table import Table

from commgen.federated.nodes.rounds import LocalRounds, RoundSettings
from commgen.federated.sending_config import UplinkConfig
from commgen.federated.uplink.radio import Radio
from commgen.federated.uplink.uplink import PACKED, Uplink
from commgen.generative.training import TrainingConfig
from commgen.studies.federated.loop import node_training

#: Coding (None: single precision), and epochs in a round.
CASES = {
    "float32": (None, 1),
    "int8": (UplinkConfig(), 1),
    "int8, stochastic": (UplinkConfig(rounding="stochastic"), 1),
    "4 bits": (UplinkConfig(bits=4, aid_bits=4), 1),
    "top 10 %, int8": (UplinkConfig(keep=0.1), 1),
    "top 14 %, int8": (UplinkConfig(keep=0.14), 1),
    "2 epochs, 4 bits": (UplinkConfig(bits=4, aid_bits=4), 2),
    "2 epochs, top 20 %, int8": (UplinkConfig(keep=0.2), 2),
    "2 epochs, top 10 %, int8": (UplinkConfig(keep=0.1), 2),
    "4 epochs, int8": (UplinkConfig(), 4),
    "4 epochs, top 10 %, int8": (UplinkConfig(keep=0.1), 4),
}


class Sender:
    """Packs answers and unpacks them, and counts the bytes between."""

    def __init__(self, config, num_nodes):
        self.num_bytes = 0
        self._uplinks = None
        if config is not None:
            self._uplinks = [Uplink(config, (SEED, i)) for i in range(num_nodes)]
        self._residuals = [{} for _ in range(num_nodes)]

    def __call__(self, i, task, answer):
        """Return what arrives of an answer."""
        if self._uplinks is None:
            self.num_bytes += sum(a.nbytes for a in answer.arrays.values())
            return answer
        packed, left = self._uplinks[i].pack(task, answer, self._residuals[i])
        self._residuals[i] = left
        self.num_bytes += packed.arrays[PACKED].nbytes
        return self._uplinks[i].unpack(task, packed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=Path, default=Path("runs/federated-cells"))
    parser.add_argument("--num-cells", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--correction", default="none")
    parser.add_argument("--part", default="test", choices=("validation", "test"))
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    args = parser.parse_args()
    cells = cells_of(args.cells, args.num_cells, 500)
    model = small_vae(cells)
    config = TrainingConfig(
        num_epochs=args.epochs, batch_size=16, learning_rate=args.learning_rate
    )
    trainings = [
        node_training(model, cell, i, config, seed=SEED) for i, cell in enumerate(cells)
    ]
    start = trainings[0].state()
    rows, first = [], None
    for name in args.cases:
        coding, epochs = CASES[name]
        settings = RoundSettings(epochs, args.correction)
        nodes = [LocalRounds(training, settings) for training in trainings]
        sender = Sender(coding, len(cells))
        num_rounds = args.epochs // epochs
        best = rounds(nodes, start, num_rounds, change=sender)
        found = errors(model, trainings[0], {**start, **best}, cells, args.part)
        first = first or (found, sender.num_bytes)
        a_node = sender.num_bytes // len(cells)
        cost = Radio().cost(a_node, rounds=num_rounds)
        rows.append(
            {
                "uplink": name,
                "bytes a node": a_node,
                "times fewer": round(first[1] / sender.num_bytes, 1),
                **compared(found, first[0]),
                "air [s]": round(cost.seconds, 2),
                "modem [J]": round(cost.joules, 1),
            }
        )
        print(rows[-1], flush=True)
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
