"""Worker processes: the numbers of one, whatever dies, and no door left open."""

import contextlib
import csv
import os
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

import commgen.montecarlo as mc
from commgen.montecarlo import Workers, WorkersLostError, run_experiment
from commgen.montecarlo.processes import Lost, Processes
from commgen.montecarlo.worker import Answer
from commgen.montecarlo.workers import WorkerExecutor

SAMPLES = Path(__file__).parent / "samples"
QUIET = {"progress": False}
ENDLESS = """
import coin
from commgen._files.yaml_file import read_yaml
from commgen.montecarlo import Workers, run_experiment

class Own(coin.Coin):  # of a script
    pass

kind = Own if sys.argv[3] == "own" else coin.Coin
with Workers(2) as workers:
    print(*(p.pid for p in workers._pool._processes), flush=True)
    try:
        run_experiment(
            kind.parse(read_yaml(sys.argv[1])),
            sys.argv[2],
            progress=False,
            workers=workers,
        )
    except ValueError as error:
        print(error)
"""


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k != "cpu_seconds"}
            for row in csv.DictReader(file)
        ]


@pytest.fixture
def importable(monkeypatch):
    """Where workers find the samples."""
    monkeypatch.syspath_prepend(SAMPLES)


@pytest.fixture
def longer(experiment):
    """Each sample, with more batches."""
    values = yaml.safe_load(experiment.dump())
    values["sweep"].update(max_num_blocks=60_000, target_block_errors=10**6)
    return type(experiment).parse(values)


@pytest.mark.timeout(120)
def test_workers_give_the_numbers_of_one_process_when_they_die(
    longer, coin, coin_values, importable, monkeypatch, tmp_path
):
    """Also after another experiment, which was given up with batches under way."""
    alone = run_experiment(longer, tmp_path / "alone", **QUIET)
    run_batch, batches = mc.MonteCarlo.run_batch, []
    killed, replaced = [], []

    def interrupt(self):
        batches.append(1)
        if len(batches) == 3:
            raise KeyboardInterrupt
        # The second one when the first has been missed, however late that is.
        if len(batches) >= (8, 12, np.inf)[len(killed)] and killed == replaced:
            os.kill(workers._pool._processes[0].pid, signal.SIGKILL)
            killed.append(0)
        run_batch(self)

    def replace(self, number):
        replaced.append(number)
        started(self, number)

    started = Processes.replace
    monkeypatch.setattr(Processes, "replace", replace)
    monkeypatch.setattr(mc.MonteCarlo, "run_batch", interrupt)
    other = coin.parse(coin_values)
    with Workers(2) as workers:
        with pytest.raises(KeyboardInterrupt):
            run_experiment(other, tmp_path / "other", workers=workers, **QUIET)
        run_experiment(longer, tmp_path / "run", workers=workers, **QUIET)
    assert replaced == [0, 0]
    for file in ("results.csv", "readings.csv"):
        assert table(tmp_path / "run" / file) == table(alone.folder / file)


@pytest.fixture
def begun(start, coin_values, tmp_path):
    """Start an endless run with two workers; return it, with their process numbers."""
    coin_values["sweep"].update(max_num_blocks=10**9, target_block_errors=10**9)
    (tmp_path / "coin.yaml").write_text(yaml.safe_dump(coin_values))

    def begin(kind="coin"):
        process = start(ENDLESS, tmp_path / "coin.yaml", tmp_path / "run", kind)
        return process, [int(pid) for pid in process.stdout.readline().split()]

    return begin


def wait_for(found, seconds=30):
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_the_process_that_started_them(begun, tmp_path, ending):
    process, workers = begun()
    wait_for((tmp_path / "run/state.npz").exists)
    assert all(is_running(pid) for pid in workers)
    process.send_signal(ending)
    process.wait(timeout=10)
    wait_for(lambda: not any(is_running(pid) for pid in workers), seconds=5)


@pytest.mark.timeout(120)
def test_nobody_else_can_talk_to_workers(begun, tmp_path):
    """No socket of theirs listens, has a name, or is of the network."""
    process, workers = begun()
    wait_for((tmp_path / "run/state.npz").exists)
    sockets = set()
    for pid in (process.pid, *workers):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                target = os.readlink(path)
                sockets |= {target[8:-1]} if target.startswith("socket:[") else set()
    assert len(sockets) >= 4
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        lines = Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
        assert not sockets & {line.split()[9] for line in lines}
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    assert all(len(words) == 7 for words in lines if words[6] in sockets)


@pytest.mark.timeout(120)
def test_a_class_of_the_script_itself_is_told(begun):
    process, _ = begun("own")
    assert "its class must lie in a file that they can import" in process.stdout.read()
    assert process.wait(timeout=30) == 0


class Wrong(mc.Experiment):
    """Fails in a batch."""

    layout = mc.Layout(curves=("one",), points=(1.0,))

    def dump(self):
        return "wrong"

    def build(self, keep=None):
        def fail(batch, pending):
            raise ArithmeticError("wrong by far")

        return mc.Trials(self.layout, fail)


class DeadPool:
    """Workers that die with what they are given."""

    size, started = 2, 2

    def give(self, number, work):
        pass

    def replace(self, number):
        self.started += 1

    def take(self):
        return 0, Lost("killed by SIGKILL")


class Local:
    def __init__(self, experiment):
        self.experiment = experiment

    def job(self):
        return "job"


def test_workers_that_always_die_are_given_up(experiment, tmp_path):
    pool = DeadPool()
    executor = WorkerExecutor(pool, experiment, tmp_path)
    for batch in range(executor.capacity):
        executor.submit(batch, np.ones((1, 1), bool))
    with pytest.raises(WorkersLostError, match=r"7 workers died in a row \(killed by"):
        executor.next_batch()
    assert pool.started == 2 + 6


def test_errors_of_a_batch_come_back_with_their_place(tmp_path):
    from commgen.montecarlo.worker import Work, Worker

    work = Work(1, "job", Wrong(None), tmp_path, 0, np.ones((1, 1), bool))
    answer = Worker().run(work)
    assert isinstance(answer, Answer)
    assert isinstance(answer.error, ArithmeticError)
    assert "wrong by far" in str(answer.error)
    assert "in fail" in answer.error.__notes__[0]


def test_bad_input(experiment, tmp_path):
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        Workers(0)
    with pytest.raises(ValueError, match="workers must be given where no Ray address"):
        Workers()
    with pytest.raises(ValueError, match="must be entered with a with statement"):
        Workers(1).serve(experiment, tmp_path)
    executor = WorkerExecutor(Processes(1), Local(lambda: 1), tmp_path)
    with pytest.raises(ValueError, match="must be picklable to be sent to workers"):
        executor.submit(0, np.ones((1, 1), bool))


def test_clusters_that_are_not_there_are_told_at_once():
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"127.0.0.1:{port}"
    with pytest.raises(OSError, match=f"no Ray cluster answers at {address}"):
        Workers(address=address).__enter__()
    with pytest.raises(ValueError, match=r"ray must be HOST:PORT or auto, got 'here'"):
        Workers(address="here").__enter__()


class SilentRay:
    """A cluster whose answers do not come."""

    def __init__(self, port):
        self.port = port

    def wait(self, references, **options):
        return [], references

    def nodes(self):
        node = {"Alive": True, "NodeManagerAddress": "127.0.0.1"}
        return [{**node, "NodeManagerPort": self.port, "Resources": {"CPU": 2.0}}]

    def shutdown(self):
        self.ended = True

    class exceptions:
        RayActorError = RayTaskError = KeyError


def test_a_cluster_that_was_lost_ends_the_run():
    pytest.importorskip("ray")
    from commgen.montecarlo.cluster import Cluster

    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        cluster = Cluster(address, 2)
        cluster._ray = SilentRay(port)
        with pytest.raises(OSError, match="has 0 CPUs that answer, too few for 2 work"):
            cluster.take()
        cluster.close()
    assert cluster._ray.ended
