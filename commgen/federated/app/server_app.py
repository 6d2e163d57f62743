"""The server's side of the Flower app."""

from pathlib import Path

import commgen.federated.flower  # noqa: F401 (quiet)

# isort: split
from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from commgen.federated.app.client_app import CONFIG, FOLDER
from commgen.federated.app.fingerprint import FINGERPRINT, fingerprint
from commgen.federated.app.prompt_grid import PromptGrid
from commgen.federated.app.rows import tell

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Conduct the run that the run's configuration names."""
    from commgen.federated.app.configuration import load_named
    from commgen.federated.server.conduct import conduct
    from commgen.federated.server.experiment import one_thread

    config, folder = (Path(str(context.run_config[key])) for key in (CONFIG, FOLDER))
    one_thread()
    federation = load_named(config)
    prompt = PromptGrid(grid, {FINGERPRINT: fingerprint(federation)})
    conduct(federation, prompt, folder, watch=tell)
