"""Whether server and nodes have the same configuration, each its own copy."""

import dataclasses
import hashlib
import json
from pathlib import Path

from commgen import __version__
from commgen.federated.config import FederationConfig, path_keys
from commgen.federated.tasks import Task
from commgen.montecarlo.paths import change_paths

#: Setting of a task that has the server's fingerprint.
FINGERPRINT = "federation"


def fingerprint(config: FederationConfig) -> str:
    """Return a checksum of a configuration and of commgen's version.

    Of a file only the name counts: each machine has it in a place of its own.
    """
    values = config.model_dump(mode="json")
    named = change_paths(values, path_keys, lambda path: Path(path).name)
    text = json.dumps([__version__, named], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_task(task: Task, own: str) -> Task:
    """Return a task without the server's fingerprint.

    Raises
    ------
    ValueError
        If the server has another configuration, or another version of commgen.
    """
    settings = dict(task.settings)
    if settings.pop(FINGERPRINT, own) != own:
        raise ValueError(
            "the node must have the server's configuration and version of commgen "
            f"({__version__} here), one of them differs."
        )
    return dataclasses.replace(task, settings=settings)
