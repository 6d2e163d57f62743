"""The federation that a run's configuration names."""

from pathlib import Path

from commgen.federated.config import FederationConfig, load_federation
from commgen.federated.server.home import (
    CONFIG_FILE,
    is_federated,
    load_run_config,
)


def load_named(path: Path) -> FederationConfig:
    """Read a federation, from its file or from the folder of a run that goes on.

    The files of the nodes may lie at the nodes alone.
    """
    if path.name == CONFIG_FILE and is_federated(path.parent):
        return load_run_config(path.parent)
    return load_federation(path, here=())
