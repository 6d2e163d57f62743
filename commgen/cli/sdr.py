"""``commgen sdr``: frames on live samples, and recordings of others."""

import typer

from commgen.cli import _recordings

app = typer.Typer(help="Radio: live samples, and recordings of others.")
for verb in (_recordings.cells, _recordings.packets, _recordings.messages):
    app.command()(verb)
