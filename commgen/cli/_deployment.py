"""``commgen federated certificates``, ``serve``, ``join``, ``app``: many machines."""

from pathlib import Path
from typing import Annotated

import typer

ConfigArgument = Annotated[Path, typer.Argument(help="Configuration, YAML.")]
CertificatesOption = Annotated[
    Path, typer.Option("--certificates", help="Folder with certificates and keys.")
]
SuperlinkOption = Annotated[
    str, typer.Option("--superlink", help="Where the server is, HOST:PORT.")
]


def certificates(
    folder: Annotated[Path, typer.Argument(help="Where to.")],
    nodes: Annotated[
        str,
        typer.Option(
            "--nodes",
            help="Configuration with the nodes, or their names with commas between, "
            "or how many: node-1, node-2, ...",
        ),
    ],
    hosts: Annotated[
        list[str] | None,
        typer.Option(
            "--hosts", help="Name or address of the server, as nodes reach it; repeat."
        ),
    ] = None,
    days: Annotated[int, typer.Option(help="How long certificates are valid.")] = 365,
) -> None:
    """Make an authority, a server certificate and a key for each node."""
    from commgen.federated.deploy.certificates import make_certificates

    made = make_certificates(folder, _names(nodes), hosts or [], days=days)
    for path in made.files:
        typer.echo(path)
    if not made.files:
        typer.echo(f"already done: {folder}")
    elif made.kept:
        typer.echo(f"{len(made.kept)} files were there and are as they were")
    typer.echo(f"the server's certificate is valid until {made.valid_until:%Y-%m-%d}")


def serve(
    config: ConfigArgument,
    certificates: CertificatesOption,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 9092,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder of database and log; default runs/*-server."
        ),
    ] = None,
) -> None:
    """Run the SuperLink until Ctrl-C: it registers the nodes, and says who is there."""
    from commgen.federated.deploy.serve import serve as run

    folder = output or Path("runs") / f"{config.stem}-server"
    run(config, certificates, folder, host=host, port=port, report=typer.echo)


def join(
    config: ConfigArgument,
    node: Annotated[str, typer.Option("--node", help="Which node this is.")],
    certificates: CertificatesOption,
    superlink: SuperlinkOption,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder of state and logs; default runs/*-NODE."
        ),
    ] = None,
) -> None:
    """Be a node until Ctrl-C: its channels stay here, one warm worker answers."""
    from commgen.federated.deploy.join import join as run

    folder = output or Path("runs") / f"{config.stem}-{node}"
    run(config, node, certificates, superlink, folder, report=typer.echo)


def app(
    folder: Annotated[Path, typer.Argument(help="Where to.")],
    config: Annotated[Path, typer.Option("--config", help="Configuration, YAML.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Run folder; default runs/ and its name."),
    ] = None,
) -> None:
    """Write an ordinary Flower app, for flwr run."""
    from commgen.federated.app.folder import write_app
    from commgen.federated.config import load_federation

    load_federation(config, here=())
    typer.echo(write_app(folder, config, output or Path("runs") / config.stem))


def _names(nodes: str) -> list[str]:
    """Return the names of nodes that a text tells."""
    if Path(nodes).is_file():
        from commgen.federated.config import load_federation

        return list(load_federation(nodes, here=()).names)
    if nodes.isascii() and nodes.isdigit():
        return [f"node-{i}" for i in range(1, int(nodes) + 1)]
    return [name.strip() for name in nodes.split(",") if name.strip()]
