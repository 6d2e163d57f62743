"""``commgen sdr``: frames on live samples, and recordings of others."""

import typer

from commgen.cli import _record, _recordings, _sdr_live

app = typer.Typer(help="Radio: live samples, and recordings of others.")
app.command()(_sdr_live.run)
app.command()(_sdr_live.demo)
app.command()(_record.record)
app.command("install-grc")(_sdr_live.install_grc)
for verb in (_recordings.cells, _recordings.packets, _recordings.messages):
    app.command()(verb)
