"""The command line: one file a verb. Bad input ends in one line and exit code 2."""

import io
import logging
import os
import sys
from typing import Any

import typer
from pydantic import ValidationError

from commgen import __version__
from commgen._console import escaped
from commgen._lazy import with_extra
from commgen._signals import Ended, orderly_end
from commgen.cli import benchmark, datasets, design, federated, sdr
from commgen.cli.augment import augment
from commgen.cli.compare import compare
from commgen.cli.demo import demo
from commgen.cli.estimate import estimate
from commgen.cli.evaluate import evaluate
from commgen.cli.export import export
from commgen.cli.generate import generate
from commgen.cli.plot import plot
from commgen.cli.resume import resume
from commgen.cli.simulate import simulate
from commgen.cli.train import train
from commgen.cli.validate import validate

# Of the click that Typer works with: newer ones bring their own.
_UsageError: Any = typer.BadParameter.__bases__[0]
_MAX_LINE = 2000  # a name or value in it may be a whole file

app = typer.Typer(
    name="commgen",
    help="Generative AI for the radio physical layer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(datasets.app, name="datasets")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(federated.app, name="federated")
app.add_typer(design.app, name="design")
app.add_typer(sdr.app, name="sdr")
for verb in (
    train,
    export,
    generate,
    evaluate,
    estimate,
    simulate,
    resume,
    compare,
    plot,
    validate,
    augment,
    demo,
):
    app.command()(verb)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; what a user can mend is told in one line."""
    # TensorFlow reads it when it is imported, which the verbs do by themselves.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Without a home it keeps its fonts in a temporary folder: nobody need know.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter must not undo the work
            stream.reconfigure(errors="backslashreplace")
    try:
        with orderly_end():
            sys.exit(app(standalone_mode=False))
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
            error.show()
            sys.exit(2)
        _fail(error.format_message())
    except Ended as end:
        print(f"ended by {end.name}", file=sys.stderr)
        raise
    except Exception as error:
        if os.environ.get("COMMGEN_DEBUG"):
            raise
        _fail(_told(error))


def _told(error: Exception) -> str:
    """Return what went wrong, as far as an exception knows."""
    kind = type(error).__name__
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        return f"{path}: {first['msg']}" if path else first["msg"]
    if isinstance(error, ModuleNotFoundError):
        return str(with_extra(error))
    if isinstance(error, ImportError) and "GNU Radio" in str(error):
        return str(error)
    if isinstance(error, ValueError | OSError):
        return str(error) or kind
    if isinstance(error, MemoryError) or kind == "ResourceExhaustedError":
        return f"there is not enough memory ({str(error) or kind})."
    return (
        f"{kind}: {error} (nobody foresaw this; with COMMGEN_DEBUG=1 set the same "
        "command says where it happened)"
    )


def _fail(message: str) -> None:
    line = escaped(" ".join(message.split()))
    if len(line) > _MAX_LINE:
        line = line[: _MAX_LINE - 3] + "..."
    print(f"error: {line}", file=sys.stderr)
    sys.exit(2)
