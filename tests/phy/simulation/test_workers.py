"""Worker processes give the numbers of this one, also when they die.

In a process of its own: Ray leaves open files and ended processes behind, and here
warnings are errors.
"""

import csv
import socket
import subprocess
import sys

import numpy as np
import pytest
import yaml

from commgen.montecarlo import Workers, WorkersLostError
from commgen.montecarlo.workers import WorkerExecutor
from commgen.phy import LinkExperiment, dump_config, parse_config, run_simulation

SCRIPT = """
import sys
from pathlib import Path
from commgen.montecarlo import Workers
from commgen.phy import load_config, run_simulation

home = Path(sys.argv[1])
with Workers(2) as workers:
    run_simulation(
        load_config(home / "link.yaml"),
        home / "workers",
        workers=workers,
        progress=False,
        jit_compile=False,
    )
"""


def table(folder, name):
    with open(folder / name, newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k != "cpu_seconds"}
            for row in csv.DictReader(file)
        ]


@pytest.fixture
def values(base):
    base["estimators"].insert(
        1, {"kind": "lmmse", "event": "grid", "num_train_channels": 100}
    )
    base["sweep"].update(max_num_blocks=1600, target_block_errors=10**6)
    return base


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_workers_give_the_numbers_of_one_process(values, tmp_path):
    """Of a link, with a model that is fitted first; what dies is tried with coins."""
    config = parse_config(values)
    (tmp_path / "link.yaml").write_text(dump_config(config))
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    run_simulation(config, tmp_path / "alone", progress=False, jit_compile=False)
    for file in ("results.csv", "estimation.csv", "readings.csv"):
        assert table(tmp_path / "workers", file) == table(tmp_path / "alone", file)
    saved = yaml.safe_load((tmp_path / "workers/card.json").read_text())
    assert saved["status"] == "done"


class DeadRay:
    """Stands for Ray where every worker dies with what it is given."""

    class exceptions:
        RayActorError = type("RayActorError", (Exception,), {})
        RayTaskError = type("RayTaskError", (Exception,), {})

    def __init__(self):
        self.started = 0

    def start(self):
        self.started += 1
        return self

    run = property(lambda self: self)

    def remote(self, *args):
        return object()

    def wait(self, references, num_returns):
        return references[:num_returns], references[num_returns:]

    def get(self, reference):
        raise self.exceptions.RayActorError


def test_workers_that_always_die_are_given_up():
    ray = DeadRay()
    executor = WorkerExecutor(ray, [ray.start(), ray.start()], ray.start, ())
    for batch in range(executor.capacity):
        executor.submit(batch, np.ones((1, 1), bool))
    with pytest.raises(WorkersLostError, match="7 workers died in a row"):
        executor.next_batch()
    assert ray.started == 2 + 6


def test_bad_input(values, tmp_path):
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        Workers(0)
    with pytest.raises(ValueError, match="workers must be given where no Ray address"):
        Workers()
    with pytest.raises(ValueError, match="must be entered with a with statement"):
        Workers(1).serve(LinkExperiment(parse_config(values)), tmp_path)


def test_clusters_that_are_not_there_are_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"127.0.0.1:{port}"
    with pytest.raises(OSError, match=f"no Ray cluster answers at {address}"):
        Workers(address=address).__enter__()
    with pytest.raises(ValueError, match=r"ray must be HOST:PORT or auto, got 'here'"):
        Workers(address="here").__enter__()
