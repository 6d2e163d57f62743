"""``commgen federated serve``: the SuperLink, with TLS and the keys of its nodes."""

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from commgen._files.inputs import check_input
from commgen._files.outputs import check_output_folder
from commgen.federated.config import load_federation
from commgen.federated.deploy.addresses import (
    check_free,
    check_port,
    check_superlink,
)
from commgen.federated.deploy.certificate_files import (
    CertificateFiles,
    check_certificate,
)
from commgen.federated.deploy.certificates import hosts_of
from commgen.federated.deploy.environment import flower_environment
from commgen.federated.deploy.processes import Processes
from commgen.federated.deploy.programs import write_programs
from commgen.montecarlo.lock import FolderLock

_START_S, _LOOK_S = 120.0, 0.2
#: Turns of the loop, after which the nodes are looked at.
_TURNS = 20
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}

Report = Callable[[str], None]


def serve(
    config: str | Path,
    certificates: str | Path,
    folder: str | Path,
    *,
    host: str,
    port: int,
    report: Report,
) -> None:
    """Run a SuperLink until it is ended.

    Runs that an earlier one left unfinished are ended: ``commgen resume`` goes on with
    them.

    Parameters
    ----------
    config
        The federation.
    certificates
        Folder of the certificates, with the public key of each node.
    folder
        Where Flower keeps its database, log and files.
    host, port
        Where it listens.
    report
        Is told what happens, a line each.

    Raises
    ------
    ValueError
        If a certificate cannot be used, or a key is missing.
    OSError
        If the port is in use, or a file cannot be read.
    ConnectionError
        If the SuperLink ends.
    """
    files = CertificateFiles(Path(certificates))
    names = load_federation(config, here=()).names
    keys = {name: files.node_public_key(name) for name in names}
    _check(files, keys, host, port)
    check_output_folder(folder)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    environment = flower_environment(folder / "flower")
    programs = write_programs(folder / "programs")
    with FolderLock(folder), closing(Processes(environment, programs)) as processes:
        link = processes.start(_command(files, folder, host, port), _log(folder))
        address = _address(host, port)
        _wait_until_up(link, address, files.ca, _log(folder))
        _watch(link, address, files, keys, folder, report)


def _check(
    files: CertificateFiles, keys: dict[str, Path], host: str, port: int
) -> None:
    for path in (files.ca, files.server, files.server_key, *keys.values()):
        check_input(path)
    check_certificate(files.ca)
    check_certificate(files.server)
    if host not in _EVERYWHERE and host not in hosts_of(files.server):
        raise ValueError(
            f"host must be one that {files.server} is for "
            f"({', '.join(hosts_of(files.server))}), or 0.0.0.0, got {host}."
        )
    check_free(host, check_port("port", port))


def _command(files: CertificateFiles, folder: Path, host: str, port: int) -> list[str]:
    return [
        "flower-superlink",
        *("--host", host, "--port", str(port)),
        *("--ssl-ca-certfile", str(files.ca.absolute())),
        *("--ssl-certfile", str(files.server.absolute())),
        *("--ssl-keyfile", str(files.server_key.absolute())),
        *("--database", str(folder.absolute() / "superlink.db")),
        "--enable-supernode-auth",
        "--disable-runtime-dependency-installation",
    ]


def _log(folder: Path) -> Path:
    return folder / "superlink.log"


def _address(host: str, port: int) -> str:
    host = _EVERYWHERE.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _wait_until_up(link: subprocess.Popen, address: str, ca: Path, log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        try:
            return check_superlink(address, ca)
        except ConnectionError:
            check_running(link, log)
            time.sleep(_LOOK_S)
    raise ConnectionError(f"the SuperLink is not up after {_START_S:g} s; see {log}.")


def _watch(
    link: subprocess.Popen,
    address: str,
    files: CertificateFiles,
    keys: dict[str, Path],
    folder: Path,
    report: Report,
) -> None:
    """Register the nodes, and tell who comes and goes, until the SuperLink ends."""
    from commgen.federated.deploy.control import Control, UnreachableError

    with Control(address, files.ca) as control:
        for run in control.unfinished():
            control.stop(run)
        control.register(keys)
        report(f"ready at {address}: {len(keys)} nodes may join; log {_log(folder)}")
        there: set[str] = set()
        turn = 0
        while True:
            check_running(link, _log(folder))
            if turn % _TURNS == 0:
                with suppress(UnreachableError):  # busy, or about to end
                    there = _tell(there, control.online(), len(keys), report)
            turn += 1
            time.sleep(_LOOK_S)


def _tell(before: set[str], now: set[str], num: int, report: Report) -> set[str]:
    for name in sorted(now - before):
        report(f"{name} is there ({len(now)} of {num})")
    for name in sorted(before - now):
        report(f"{name} is gone ({len(now)} of {num})")
    return now


def check_running(process: subprocess.Popen, log: Path) -> None:
    """Raise ConnectionError if a SuperLink has ended."""
    code = process.poll()
    if code is not None:
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"code {code}"
        raise ConnectionError(f"the SuperLink has ended ({how}); see {log}.")
