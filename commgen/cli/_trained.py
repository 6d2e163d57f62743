"""The rule of all verbs that write, for model folders and trainings cut off."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commgen._files.made import difference
from commgen._files.outputs import check_output_folder
from commgen._files.whole import write_text
from commgen.cli._done import say_done

_MADE_FILE = "made.json"


def already_trained(output: Path, made: str, *, force: bool) -> bool:
    """Return whether a model is there that this very command trained; say so.

    Parameters
    ----------
    output
        Model folder; what a training that was cut off left is in ``OUTPUT.training``.
    made
        What this command is, of :func:`~commgen._files.made.made_by`.
    force
        Replace another model at the end, and begin another training anew.

    Raises
    ------
    ValueError, OSError
        If ``output`` cannot be written, or holds something else than a model.
    FileExistsError
        If there is another model, or another training, and no ``force``.
    """
    from commgen.generative.files import MODEL_FILE, check_model_folder

    check_output_folder(output.parent)
    check_model_folder(output)
    check_output_folder(output)
    there = _card_made(output) if (output / MODEL_FILE).is_file() else ""
    if there == made and not force:
        say_done(output)
        return True
    if there != "" and not force:
        raise FileExistsError(
            f"{output} exists ({difference(there, made)}); --force replaces it."
        )
    training = training_folder(output)
    begun = _begun(training)
    if training.exists() and force and (begun != made or there == made):
        shutil.rmtree(training)
    elif begun not in (None, made):
        raise FileExistsError(
            f"{training} holds another training ({difference(begun, made)}); --force "
            "begins anew."
        )
    return False


@contextmanager
def training_of(output: Path, made: str) -> Iterator[None]:
    """Keep beside a network that is trained what trains it, for who goes on.

    Where the training fails before its first checkpoint nothing is left.
    """
    training = training_folder(output)
    if not training.exists():
        write_text(training / _MADE_FILE, made)
    try:
        yield
    except BaseException:
        if not any(training.rglob("checkpoint.npz")):
            shutil.rmtree(training)
        raise


def training_folder(output: Path) -> Path:
    """Return where a training keeps its checkpoint and logs."""
    return output.with_name(output.name + ".training")


def _begun(training: Path) -> str | None:
    """Return what began a training, or None where there is none, or it is untold."""
    file = training / _MADE_FILE
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _card_made(output: Path) -> str | None:
    """Return what made the model in a folder, or None where it does not say."""
    from commgen.generative.files import read_card

    made = read_card(output).get("made")
    return None if made is None else json.dumps(made, sort_keys=True)
