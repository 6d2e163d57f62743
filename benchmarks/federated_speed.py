"""CPU time of the local backend against a plain loop over the same nodes.

    python benchmarks/federated_speed.py [--quick]

Eight nodes train a network of some 33,000 weights for some rounds: once by a plain loop
that calls each node and averages with NumPy, once by the whole run, with Flower's
messages and strategy, checks of all answers, tables, TensorBoard's logs and a state on
the disk after each round. Both in one process, with one compiled model, turn by turn.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from commgen.federated.config import FederationConfig, parse_federation
from commgen.federated.nodes.host import NodeHost
from commgen.federated.nodes.learner import FIXED, WEIGHTS
from commgen.federated.nodes.shelf import build_model
from commgen.federated.server.conduct import conduct
from commgen.federated.server.experiment import one_thread
from commgen.federated.server.local import Here, LocalGrid
from commgen.federated.server.network import travelling
from commgen.federated.tasks import Task
from commgen.generative.weights import values, weight_names

NUM_NODES = 8


def federation(rounds: int, num_channels: int) -> FederationConfig:
    """Return the configuration of the nodes."""
    channel = {"scenario": "rayleigh", "num_rx_ant": 32}
    node = {"channel": channel, "num_channels": num_channels, "num_test": 20}
    return parse_federation(
        {
            "nodes": {f"n{i}": {**node, "seed": i} for i in range(NUM_NODES)},
            "model": {"family": "vae", "options": {"width": 64, "depth": 1}},
            "training": {"rounds": rounds, "batch_size": 16},
            "personal": {"adapt_epochs": 0},
        }
    )


def plain_loop(config, host: NodeHost) -> float:
    """Train all rounds by calls and means; return the CPU seconds."""
    nodes = [host.node(i) for i in range(NUM_NODES)]
    n = np.array([len(node.data.train) for node in nodes], float)
    power = float(n @ [node.data.power for node in nodes] / n.sum())
    model = build_model(config, nodes[0].data.event_shape)
    moving = travelling(model, ())
    weights = values(weight_names(model))
    start = time.process_time()
    for step in range(1, config.training.rounds + 1):
        arrays = {
            (WEIGHTS if k in moving else FIXED) + k: v for k, v in weights.items()
        }
        task = Task("train", step, arrays, {"power": power, "step": step, "share": 1.0})
        answers = [node.answer(task) for node in nodes]
        for name in moving:
            stacked = np.stack([answer.arrays[WEIGHTS + name] for answer in answers])
            weights[name] = np.tensordot(n / n.sum(), stacked, 1).astype(np.float32)
    return time.process_time() - start


def whole_run(config, host: NodeHost, folder: Path) -> float:
    """Run the same rounds by the local backend; return their CPU seconds."""
    times = []

    def watch(row):
        times.append((row["what"], time.process_time()))

    conduct(config, LocalGrid(NUM_NODES, Here(host)), folder, watch=watch)
    begun = next(i for i, (what, _) in enumerate(times) if what == "train")
    ended = next(i for i, (what, _) in enumerate(times) if what == "evaluate")
    # From the answers to the sums to those after the last round is saved.
    return times[ended][1] - times[begun - 1][1]


def main() -> None:
    """Measure turn by turn, and print the ratio of medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    one_thread()
    rounds, num_channels, turns = (4, 100, 3) if quick else (10, 500, 5)
    config = federation(rounds, num_channels)
    host = NodeHost(config)
    count = build_model(config, (32,)).count_params()
    plain_loop(config, host)  # draws channels, and compiles
    found = []
    with tempfile.TemporaryDirectory() as home:
        for turn in range(turns):
            again = NodeHost(config, None, host.shelf)
            again._nodes = host._nodes
            run = whole_run(config, again, Path(home) / str(turn))
            found.append((plain_loop(config, host), run))
    plain, local = np.median(found, axis=0)
    print(
        f"{NUM_NODES} nodes, {num_channels} channels, {count:,} weights, {turns} turns"
    )
    print(f"plain loop     {plain / rounds:.3f} CPU s a round")
    print(f"local backend  {local / rounds:.3f} CPU s a round")
    ratios = sorted(run / loop for loop, run in found)
    print(f"ratio {local / plain:.3f} (turns {ratios[0]:.3f} to {ratios[-1]:.3f})")


if __name__ == "__main__":
    main()
