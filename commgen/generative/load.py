"""Load saved models, whose classes may lie in any room, without running code."""

import json
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import keras

from commgen.generative.files import model_file
from commgen.generative.model import GenerativeModel
from commgen.generative.names import MODULES

_PREFIX = "commgen>"


def load_model(path: str | Path) -> GenerativeModel:
    """Load a model folder.

    Parameters
    ----------
    path
        Folder that :meth:`GenerativeModel.save` wrote.

    Returns
    -------
    GenerativeModel
        Ready for use.

    Raises
    ------
    FileNotFoundError
        If there is no model at ``path``.
    ValueError
        If the file is damaged, or holds something else than a generative model.
    """
    return load_keras(model_file(path), GenerativeModel, "a commgen generative model")


def load_keras(file: Path, kind: type, what: str) -> Any:
    """Load a ``.keras`` file whose model is of a class of commgen.

    Parameters
    ----------
    file
        The file.
    kind
        Class that the model must be of.
    what
        The same in words, for the error.

    Raises
    ------
    ValueError
        If the file is damaged, or holds something else.
    """
    try:
        _import_classes(file)
        model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its parts raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else error
        raise ValueError(f"{file} is not a model that loads: {reason!r}.") from error
    if not isinstance(model, kind):
        raise ValueError(f"{file} must hold {what}, got {type(model).__name__}.")
    return model


def _import_classes(file: Path) -> None:
    """Import the modules of all classes that a ``.keras`` file names.

    Keras finds a class by its registered name, and only once its module has been
    imported. Names that are not ours are Keras's to refuse.
    """
    with zipfile.ZipFile(file) as archive:
        config = json.loads(archive.read("config.json"))
    for name in set(_registered_names(config)):
        if name in MODULES:
            import_module(MODULES[name])


def _registered_names(config: Any) -> Iterator[str]:
    """Names under ``"commgen"`` in a Keras configuration, at any depth."""
    if isinstance(config, dict):
        name = config.get("registered_name")
        if isinstance(name, str) and name.startswith(_PREFIX):
            yield name.removeprefix(_PREFIX)
        config = list(config.values())
    if isinstance(config, list):
        for value in config:
            yield from _registered_names(value)
