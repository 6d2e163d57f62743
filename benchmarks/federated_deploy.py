"""A federation on many machines, all of them here: seconds a round, and kills.

Over loopback with TLS and node keys. In each round of training the nodes are first sent
a message of the same size that they only send back: that round is Flower's own time.
"""

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table

from commgen.federated.app.folder import write_app
from commgen.federated.deploy.addresses import free_port

COMMGEN = [sys.executable, "-m", "commgen.cli", "federated"]
# Flower's own apps, which run what a run brings along: here with echoes.
PLAIN = """
from commgen.cli import main
from commgen.federated.deploy import join, programs

del programs._PROGRAMS["flwr-serverapp"]
join.write_client = lambda folder, apps: None
main()
"""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
CHANNEL = {"scenario": "rayleigh", "num_rx_ant": 16}
NODES = ("a", "b", "c")
# The app of a plain Flower: commgen's, with a round trip before each question.
CLIENT = """
from flwr.app import Message
from commgen.federated.app import client_app

app = client_app.app

@app.query("echo")
def echo(message, context):
    return Message(message.content, reply_to=message)
"""
SERVER = """
import json, time
from pathlib import Path
from flwr.app import Message
from flwr.serverapp import ServerApp
from commgen.federated.app.fingerprint import FINGERPRINT, fingerprint
from commgen.federated.app.prompt_grid import PromptGrid
from commgen.federated.config import load_federation
from commgen.federated.server.conduct import conduct

app = ServerApp()

class Echoing(PromptGrid):
    def send_and_receive(self, messages, *, timeout=None):
        messages = list(messages)
        if messages[0].content.config_records["config"]["what"] != "train":
            return super().send_and_receive(messages, timeout=timeout)
        echoes = [
            Message(m.content, m.metadata.dst_node_id, "query.echo") for m in messages
        ]
        started = time.monotonic()
        there = super().send_and_receive(echoes, timeout=timeout)
        between = time.monotonic()
        replies = super().send_and_receive(messages, timeout=timeout)
        seconds = [between - started, time.monotonic() - between]
        with open(self.told, "a") as file:
            print(json.dumps([len(there), len(replies), *seconds]), file=file)
        return replies

@app.main()
def main(grid, context):
    federation = load_federation(context.run_config["federation"])
    folder = Path(context.run_config["output"])
    echoing = Echoing(grid, {FINGERPRINT: fingerprint(federation)})
    echoing.told = folder.parent / "echoes.jsonl"
    conduct(federation, echoing, folder)
"""


class _Deployment:
    """A SuperLink and its nodes, each a command of its own; use it in a ``with``."""

    def __init__(self, home, config, command=COMMGEN):
        self.home, self.config, self.command = home, config, command
        self.certificates = home / "certificates"
        self.port = free_port()
        self.processes = {}

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        command = [*COMMGEN, "certificates", self.certificates, "--nodes", self.config]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.serve()
        for name in NODES:
            self.join(name)
        self.until(lambda: all(self.said(n, "is connected") for n in NODES))
        return self

    def __exit__(self, *exception):
        for process in self.processes.values():
            process.send_signal(signal.SIGINT)
        for process in self.processes.values():
            process.wait(timeout=60)

    def serve(self):
        self.start("serve", "serve", self.config, "--port", self.port)
        self.until(lambda: self.said("serve", "ready at"))

    def join(self, name):
        options = ("--node", name, "--superlink", self.address)
        self.start(name, "join", self.config, *options)

    def start(self, name, *arguments):
        common = ("--certificates", self.certificates, "-o", self.home / f"{name}-home")
        with (self.home / f"{name}.out").open("w") as file:
            self.processes[name] = subprocess.Popen(
                [*self.command, *map(str, (*arguments, *common))],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **ONE_THREAD},
            )

    def run(self, folder):
        options = ("--backend", "deploy", "--superlink", self.address)
        command = [*COMMGEN, "run", self.config, *options, "-o", self.home / folder]
        return subprocess.Popen(
            [*map(str, command), "--certificates", str(self.certificates)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )

    def said(self, name, text):
        return text in (self.home / f"{name}.out").read_text()

    def until(self, condition, seconds=600):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"nothing happened for {seconds} s; see {self.home}")
            time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="that are timed")
    parser.add_argument("--quick", action="store_true", help="4 rounds, one kill each")
    parser.add_argument("--skip-kills", action="store_true")
    parser.add_argument("--kills", type=int, default=3, help="of each kind")
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    args = parser.parse_args()
    num_rounds, num_kills = (4, 1) if args.quick else (args.rounds, args.kills)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="commgen-deploy-") as name:
        timed = time_rounds(Path(name) / "rounds", num_rounds)
        show(console, timed, args.output / "federated_deploy_rounds.csv")
        if not args.skip_kills:
            killed = kill_all(Path(name) / "kills", num_kills)
            show(console, killed, args.output / "federated_deploy_kills.csv")
            if not all(row["as if undisturbed"] in (True, "") for row in killed):
                sys.exit("results differ")


def write_config(home, rounds, epochs=1, num_channels=500):
    home.mkdir(parents=True, exist_ok=True)
    node = {"channel": CHANNEL, "num_channels": num_channels}
    values = {
        "seed": 1,
        "nodes": {name: {**node, "seed": i} for i, name in enumerate(NODES)},
        "model": {"family": "vae", "options": {"width": 64, "depth": 1}},
        "training": {"rounds": rounds, "epochs_per_round": epochs},
        "timeout_s": 600,
    }
    path = home / "federation.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def run_local(home, config):
    """Run the same on the local backend; return its rows."""
    command = [*COMMGEN, "run", config, "-o", home / "local"]
    env = {**os.environ, **ONE_THREAD}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    return rows_of(home / "local")


def rows_of(folder):
    path = folder / "rounds.csv"
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# -- Seconds a round -------------------------------------------------------------------


def time_rounds(home, num_rounds):
    """Time rounds of a VAE: local, on Flower, and Flower's own part of it."""
    # The first round of training traces its graphs.
    config = write_config(home, num_rounds + 1)
    local = [float(r["seconds"]) for r in run_local(home, config) if r["step"]][1:]
    command = [sys.executable, "-c", PLAIN, "federated"]
    with _Deployment(home, config, command) as deployment:
        run_echoing(deployment)
    told = [json.loads(line) for line in (home / "echoes.jsonl").open()][1:]
    if any(there != len(NODES) for row in told for there in row[:2]):
        sys.exit("not all nodes have answered")
    pairs = zip(told, local, strict=True)
    over = [deployed - echo - here for (*_, echo, deployed), here in pairs]
    return [
        {"round": "local, three nodes one after the other", **spread(local)},
        {"round": "messages sent back", **spread([row[2] for row in told])},
        {"round": "deployed", **spread([row[3] for row in told])},
        {"round": "deployed beyond both", **spread(over)},
    ]


def run_echoing(deployment):
    """Run the app that times round trips, by Flower's own programs."""
    from commgen.federated.deploy.certificate_files import CertificateFiles
    from commgen.federated.deploy.control import Control

    app = write_app(
        deployment.home / "app", deployment.config, deployment.home / "echoing"
    )
    (app / "commgen_client.py").write_text(CLIENT)
    (app / "commgen_server.py").write_text(SERVER)
    ca = CertificateFiles(deployment.certificates).ca
    with Control(deployment.address, ca) as control:
        run = control.start(app)
        while not (state := control.state(run)).finished:
            time.sleep(0.5)
    if not state.completed:
        sys.exit(f"the run failed: {state.details}")


def spread(values):
    low, middle, high = np.percentile(values, [25, 50, 75])
    return {
        "seconds": round(float(middle), 2),
        "quartiles": f"{low:.2f}-{high:.2f}",
        "rounds": len(values),
    }


def show(console, rows, path):
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


# -- Kills -----------------------------------------------------------------------------


def kill_all(home, num_kills):
    """Kill a worker, the SuperLink and a node in mid-round; compare with no kills."""
    config = write_config(home, rounds=2, epochs=4, num_channels=200)
    run_local(home, config)
    rows = []
    with _Deployment(home, config) as deployment:
        for i in range(num_kills):
            # The run that goes on after the SuperLink has died loses a worker too.
            rows.append(kill_superlink(deployment, f"disturbed-{i}"))
            rows.append(kill_worker(deployment, f"disturbed-{i}"))
            rows.append(kill_node(deployment, f"node-{i}"))
    return rows


def kill_worker(deployment, folder):
    process = begin(deployment, folder)
    worker = worker_of(deployment, "a")
    os.kill(worker, signal.SIGKILL)
    killed = time.monotonic()
    deployment.until(lambda: worker_of(deployment, "a") not in (None, worker))
    anew = time.monotonic() - killed
    deployment.until(lambda: num_trained(deployment, folder) > 1)
    closed = time.monotonic() - killed
    finish(process)
    return {
        "killed": "worker",
        "started anew [s]": round(anew, 2),
        "round closed [s]": round(closed, 1),
        "command ended [s]": "",
        "answers": told(deployment, folder)[1]["answers"],
        "as if undisturbed": same(deployment, folder),
    }


def kill_superlink(deployment, folder):
    process = begin(deployment, folder)
    (link,) = [
        child
        for child in children(deployment.processes["serve"].pid)
        if b"superlink()" in command_of(child)
    ]
    os.kill(link, signal.SIGKILL)
    killed = time.monotonic()
    process.wait(timeout=600)
    ended = time.monotonic() - killed
    print(process.stderr.read().splitlines()[-1], file=sys.stderr)
    deployment.processes["serve"].wait(timeout=60)
    before = num_trained(deployment, folder)
    deployment.serve()
    deployment.until(lambda: deployment.said("serve", "3 of 3"))
    return {
        "killed": "SuperLink",
        "started anew [s]": "",
        "round closed [s]": "",
        "command ended [s]": round(ended, 1),
        "answers": f"{before} whole round",
        "as if undisturbed": "",
    }


def kill_node(deployment, folder):
    process = begin(deployment, folder)
    (node,) = [
        child
        for child in children(deployment.processes["c"].pid)
        if b"flower-supernode" in command_of(child)
    ]
    os.kill(node, signal.SIGKILL)
    killed = time.monotonic()
    deployment.until(lambda: num_trained(deployment, folder) > 1)
    closed = time.monotonic() - killed
    finish(process)
    row = told(deployment, folder)[1]
    deployment.processes["c"].wait(timeout=60)
    deployment.join("c")
    deployment.until(lambda: deployment.said("c", "is connected"))
    return {
        "killed": "node",
        "started anew [s]": "",
        "round closed [s]": round(closed, 1),
        "command ended [s]": "",
        "answers": f"{row['answers']}, {row['late']} late",
        "as if undisturbed": "",
    }


def begin(deployment, folder):
    """Start a run, and return in the midst of its second round."""
    process = deployment.run(folder)
    deployment.until(lambda: num_trained(deployment, folder) == 1)
    busy = {name: cpu_of(worker_of(deployment, name)) for name in ("a", "c")}
    deployment.until(
        lambda: all(cpu_of(worker_of(deployment, n)) > t + 0.2 for n, t in busy.items())
    )
    return process


def finish(process):
    if process.wait(timeout=1800):
        sys.exit(process.stderr.read())


def told(deployment, folder):
    """Return the rows of the rounds of training so far."""
    from commgen.federated.server.status import run_status

    try:
        rows = run_status(deployment.home / folder).rounds
    except (OSError, ValueError):  # being written
        return []
    return [row for row in rows if row["what"] == "train"]


def num_trained(deployment, folder):
    return len(told(deployment, folder))


def same(deployment, folder):
    """Whether a run has the weights and losses of the one on the local backend."""
    found, asked = (
        np.load(deployment.home / f / "state.npz") for f in (folder, "local")
    )
    names = [name for name in asked.files if asked[name].dtype.kind == "f"]
    return bool(names) and all(np.array_equal(found[n], asked[n]) for n in names)


def worker_of(deployment, name):
    """Return the process of a node's worker; None while there is none."""
    found = [
        child
        for child in children(deployment.processes[name].pid)
        if b"load_node" in command_of(child)
    ]
    return found[0] if found else None


def children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def cpu_of(pid):
    """Return the CPU time of a process [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
