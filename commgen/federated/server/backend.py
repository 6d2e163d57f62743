"""A federated run within this process, and the workers that it may have."""

from pathlib import Path

from commgen.federated.config import FederationConfig
from commgen.federated.nodes.host import NodeHost
from commgen.federated.server.conduct import FederationResult, Watch, conduct
from commgen.federated.server.experiment import NodesExperiment
from commgen.federated.server.home import NODES_FOLDER
from commgen.federated.server.local import Here, LocalGrid
from commgen.montecarlo.workers import Workers


def run_local(
    config: FederationConfig,
    folder: str | Path,
    *,
    workers: Workers | None = None,
    watch: Watch | None = None,
    other_versions: bool = False,
) -> FederationResult:
    """Run a federation whose nodes are all here.

    Parameters
    ----------
    config
        The federation.
    folder
        Run folder; an interrupted run in it goes on, with the same results.
    workers
        Processes that nodes answer in; by default this one. The results are the same.
    watch
        Called with the row of each question that was answered.
    other_versions
        As of :func:`~commgen.federated.server.conduct.conduct`.

    Raises
    ------
    ValueError, ConnectionError, BlockingIOError
        As :func:`~commgen.federated.server.conduct.conduct`.
    """
    folder = Path(folder)
    nodes = folder.resolve() / NODES_FOLDER
    if workers is None:
        answerer = Here(NodeHost(config, nodes))
    else:
        answerer = workers.serve(NodesExperiment(config, nodes), nodes, pinned=True)
    return conduct(
        config,
        LocalGrid(len(config.nodes), answerer),
        folder,
        watch=watch,
        other_versions=other_versions,
    )
