"""The folder of an ordinary Flower app, as ``flwr run`` takes it."""

import json
from pathlib import Path

from commgen import __version__
from commgen._files.outputs import check_output_folder
from commgen._files.whole import check_folder, write_text

_PROJECT = """\
# Made by commgen federated app; run it with flwr run.
[project]
name = "commgen-federated"
version = "{version}"
description = "Generative models of radio channels, trained over nodes."
license = "Apache-2.0"
dependencies = ["commgen[federated,tensorflow]"]

[tool.flwr.app]
publisher = "commgen"

[tool.flwr.app.components]
serverapp = "commgen_server:app"
clientapp = "commgen_client:app"

[tool.flwr.app.config]
federation = {federation}
output = {output}
"""
_SERVER = '''\
"""The server: it conducts the run."""

from commgen.federated.app import server_app

app = server_app.app
'''
_CLIENT = '''\
"""A node: it hands each message to its worker, or answers itself."""

from commgen.federated.app import client_app

app = client_app.app
'''


def write_app(folder: str | Path, federation: str | Path, output: str | Path) -> Path:
    """Write a Flower app into a folder: new, empty, or of an app before.

    Parameters
    ----------
    folder
        Where to.
    federation
        The configuration, as server and simulated nodes find it: its full name is
        written.
    output
        The run folder.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ValueError
        If the folder holds something else.
    """
    folder = Path(folder)
    check_output_folder(folder)
    check_folder(folder, "Flower app", "commgen_server.py")
    # TOML's basic strings are JSON's, for all that a path can hold.
    names = [json.dumps(str(Path(path).absolute())) for path in (federation, output)]
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "commgen_server.py", _SERVER)
    write_text(folder / "commgen_client.py", _CLIENT)
    project = _PROJECT.format(version=__version__, federation=names[0], output=names[1])
    write_text(folder / "pyproject.toml", project)
    return folder
