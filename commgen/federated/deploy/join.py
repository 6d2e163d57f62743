"""``commgen federated join``: a SuperNode and the worker that answers for it."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from commgen._files.outputs import check_output_folder
from commgen.federated.config import load_federation
from commgen.federated.deploy.addresses import check_superlink, free_port
from commgen.federated.deploy.certificate_files import (
    CertificateFiles,
    check_certificate,
    check_private_key,
)
from commgen.federated.deploy.environment import flower_environment
from commgen.federated.deploy.processes import Processes
from commgen.federated.deploy.programs import write_client
from commgen.federated.deploy.warm_worker import WarmWorker
from commgen.montecarlo.lock import FolderLock

_LOOK_S = 0.2
_WORKER = """
from commgen.federated.deploy.worker import load_node, run
run(load_node)
"""
_APPS = """
from commgen.federated.deploy.app_server import run
run()
"""
_CONNECTED = "SuperNode ID"
# Flower's codes: the key is unknown, or in use by another SuperNode.
_UNKNOWN_KEY = "[code: 2004]"

Report = Callable[[str], None]


def join(
    config: str | Path,
    name: str,
    certificates: str | Path,
    superlink: str,
    folder: str | Path,
    *,
    report: Report,
) -> None:
    """Be a node of a federation until the SuperNode ends.

    Its channels are loaded before it connects, by a worker that keeps them and
    TensorFlow; a worker that dies is started anew. While the SuperLink is away the node
    waits for it.

    Parameters
    ----------
    config
        The federation.
    name
        Which of its nodes.
    certificates
        Folder with the authority's certificate and the private key of the node.
    superlink
        Host and port.
    folder
        Where the node keeps its state, and Flower its log and files.
    report
        Is told what happens, a line each.

    Raises
    ------
    ValueError
        If there is no such node, or a certificate, key or channel cannot be used.
    OSError
        If a file cannot be read, or the folder is in use.
    ConnectionError
        If the SuperLink does not answer or does not know the key, or the SuperNode
        ends.
    """
    names = load_federation(config, here=[name]).names
    if name not in names:
        raise ValueError(f"node must be one of {', '.join(names)}, got {name}.")
    files = CertificateFiles(Path(certificates))
    check_private_key(files.node_key(name))
    check_certificate(files.ca)
    check_superlink(superlink, files.ca)
    check_output_folder(folder)
    folder = Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    environment = flower_environment(folder / "flower")
    programs, apps_log = folder / "programs", folder / "apps.log"
    arguments = [str(Path(config).absolute()), name, str(folder / "node")]
    command = _command(_WORKER)
    with (
        FolderLock(folder),
        closing(Processes(environment, programs)) as processes,
        WarmWorker(processes, arguments, folder / "worker.log", command) as worker,
        WarmWorker(processes, [], apps_log, _command(_APPS)) as apps,
    ):
        write_client(programs, apps.path)
        worker.start()
        apps.start()
        report(f"{name} has loaded its channels")
        log = folder / "supernode.log"
        log.unlink(missing_ok=True)
        node = _supernode(files, name, superlink, worker.path)
        started = processes.start(node, log)
        _watch(started, (worker, apps), log, name, superlink, report)


def _command(code: str) -> list[str]:
    return [sys.executable, "-P", "-c", code]


def _supernode(
    files: CertificateFiles, name: str, superlink: str, worker: Path
) -> list[str]:
    return [
        "flower-supernode",
        *("--root-certificates", str(files.ca.absolute())),
        *("--superlink", superlink),
        *("--auth-supernode-private-key", str(files.node_key(name).absolute())),
        # Between the SuperNode and its own children alone.
        *("--host", "127.0.0.1", "--port", str(free_port())),
        *("--node-config", f"worker={json.dumps(str(worker))}"),
    ]


def _watch(
    node: subprocess.Popen,
    workers: Sequence[WarmWorker],
    log: Path,
    name: str,
    superlink: str,
    report: Report,
) -> None:
    connected = False
    while node.poll() is None:
        for died in filter(None, [worker.look() for worker in workers]):
            report(f"a worker was {died}; started anew, its message is done again")
        if not connected and _CONNECTED in log.read_text(errors="replace"):
            connected = True
            report(f"{name} is connected to {superlink}")
        time.sleep(_LOOK_S)
    raise ConnectionError(_reason(log.read_text(errors="replace"), name, superlink))


def _reason(log: str, name: str, superlink: str) -> str:
    """Return, in one line, why a SuperNode has ended."""
    if _UNKNOWN_KEY in log:
        return (
            f"the SuperLink at {superlink} does not know the key of {name}, or a node "
            "with it is connected already."
        )
    found = re.findall(r"ERROR.*?:\s+(.*)", log)
    told = f": {found[-1].strip()}" if found else ""
    return f"the SuperNode of {name} has ended{told}."
