"""``commgen federated run --backend deploy``: a run on a SuperLink, and its watch."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commgen.federated.app.folder import write_app
from commgen.federated.app.rows import rows
from commgen.federated.deploy.addresses import check_superlink
from commgen.federated.deploy.certificate_files import CertificateFiles

if TYPE_CHECKING:
    from commgen.federated.deploy.control import Control

_LOOK_S = 1.0
#: How long a SuperLink may be silent before the command ends.
_PATIENCE_S = 30.0
# What Flower puts before the reason of a server that failed.
_PREFIX = "ServerApp failed with exception: "

Watch = Callable[[dict[str, Any]], None]


def run_deployed(
    config: str | Path,
    folder: str | Path,
    *,
    superlink: str,
    certificates: str | Path,
    watch: Watch,
) -> None:
    """Start a run on a SuperLink of this machine and wait for its end.

    If this ends before the run does, the run is ended.

    Parameters
    ----------
    config
        The federation.
    folder
        The run folder, which the server writes; what is there is gone on with.
    superlink
        Host and port.
    certificates
        Folder with the authority's certificate.
    watch
        Called with the row of each question that was answered.

    Raises
    ------
    ConnectionError
        If the SuperLink does not answer at the beginning, or for half a minute.
    ValueError
        If the run fails.
    """
    files = CertificateFiles(Path(certificates))
    check_superlink(superlink, files.ca)
    from commgen.federated.deploy.control import Control

    with tempfile.TemporaryDirectory() as home, Control(superlink, files.ca) as control:
        run = control.start(write_app(Path(home) / "app", config, folder))
        talk = threading.Thread(target=_tell, args=(control, run, watch), daemon=True)
        talk.start()
        try:
            _wait(control, run, superlink)
        except BaseException:
            with contextlib.suppress(OSError, ValueError):
                control.stop(run)
            raise
        finally:
            # A little later than the run, what it has printed is all there.
            talk.join(timeout=2.0)


def _tell(control: "Control", run: int, watch: Watch) -> None:
    """Tell what the server prints of its rounds, until run or connection end."""
    with contextlib.suppress(OSError, ValueError):
        for row in rows(control.log(run)):
            watch(row)


def _wait(control: "Control", run: int, superlink: str) -> None:
    heard = time.monotonic()
    while True:
        try:
            state = control.state(run)
        except ConnectionError as error:
            if time.monotonic() - heard > _PATIENCE_S:
                raise ConnectionError(
                    f"the SuperLink at {superlink} does not answer any more; when it "
                    "is up again, the run goes on from its last whole round."
                ) from error
        else:
            heard = time.monotonic()
            if state.completed:
                return
            if state.finished:
                raise ValueError(
                    f"the run failed: {state.details.removeprefix(_PREFIX)}"
                )
        time.sleep(_LOOK_S)
