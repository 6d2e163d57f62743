"""``commgen federated``: learn from channels that stay where they are."""

import typer

from commgen.cli import _deployment, _federation

app = typer.Typer(help="Learn from channels that stay where they are.")
for verb in (
    _federation.run,
    _federation.status,
    _deployment.certificates,
    _deployment.serve,
    _deployment.join,
    _deployment.app,
):
    app.command()(verb)
