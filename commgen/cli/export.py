"""``commgen export``: a trained model as one file that runs without TensorFlow."""

from pathlib import Path
from typing import Annotated

import typer

from commgen._console import say
from commgen._files.made import made_by
from commgen._files.npz import npz_made
from commgen._files.whole import sha256, shown
from commgen.cli._done import ForceOption, already_made
from commgen.cli._quiet import start_tensorflow
from commgen.exported.writing import exported_made
from commgen.generative.checksum import model_checksum
from commgen.generative.files import read_card

_SUFFIXES = (".onnx", ".npz")


def export(
    model: Annotated[Path, typer.Argument(help="Folder that commgen train wrote.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help=".onnx of a receiver or prior, .npz of a slot model."
        ),
    ],
    int8: Annotated[
        Path | None,
        typer.Option(
            help="Channel file to scale int8 convolutions by; the loss is printed."
        ),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write a receiver or prior as ONNX, or a slot mixture as .npz, with its contract.

    It is compared with the model before it is there. With --int8 convolutions are in
    8 bits; what that costs is measured on the channels given, and it is refused where
    it is slower.
    """
    if output.suffix not in _SUFFIXES:
        raise ValueError(f"output must end in .onnx or .npz, got {output.name}.")
    inputs = {"model": model_checksum(model)}
    if int8 is not None:
        inputs["int8"] = sha256(int8)
    # What trained it goes with the file, for whoever finds it on a radio host.
    settings = {
        "name of model": shown(model),
        "trained by": read_card(model).get("made"),
    }
    made = made_by("export", settings, inputs)
    read = npz_made if output.suffix == ".npz" else exported_made
    if already_made(output, made, read, force=force):
        return
    start_tensorflow()
    from commgen.cli._exporting import Exportable, write_int8

    what = Exportable.load(model)
    if output.suffix != what.suffix:
        raise ValueError(
            f"output must end in {what.suffix} for a model of kind "
            f"{what.contract.kind}, got {output.name}."
        )
    if int8 is None:
        what.write(output, made=made)
    else:
        write_int8(what, output, int8, made=made)
    kind, size = what.contract.kind, output.stat().st_size
    say(f"{output}: {kind} in {'int8' if int8 else 'float32'}, {size:,} bytes")
