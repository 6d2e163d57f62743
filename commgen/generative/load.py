"""Load saved models, whose classes may lie in any room, without running code."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from commgen import __version__
from commgen._checks import check_finite
from commgen.generative.archive import read_archive
from commgen.generative.files import model_file, read_card
from commgen.generative.model import GenerativeModel, Prior
from commgen.generative.names import MODULES

_PREFIX = "commgen>"
# What Keras puts before the error of a part, after a paragraph that repeats its
# arguments or counts the parts.
_KERAS_PREFIXES = (
    "Exception encountered:",
    "Error encountered during deserialization:",
    "Example error message for object",
)
_LONGEST = 300


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
        If the file is damaged, a weight is not finite, or it holds something else than
        a generative model.
    """
    return load_keras(model_file(path), GenerativeModel, "a commgen generative model")


def load_prior(path: str | Path) -> Prior:
    """Load a model folder as :func:`load_model`, or raise if it cannot estimate.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_model`; ValueError if the model is no
        :class:`~commgen.generative.Prior`.
    """
    model = load_model(path)
    if not isinstance(model, Prior):
        raise ValueError(
            f"{path} must hold a prior, which estimates channels, got "
            f"{type(model).__name__}, which draws them alone."
        )
    return model


def load_network(
    path: str | Path, network: type, kind: str, what: str
) -> tuple[Any, dict[str, Any]]:
    """Load a folder of :func:`~commgen.generative.files.save_network`.

    Parameters
    ----------
    path
        Folder.
    network
        Class that the network must be of.
    kind
        That the card must tell as its ``format``.
    what
        What the folder must hold in words, for the error.

    Returns
    -------
    network : keras.Model
    card : dict

    Raises
    ------
    FileNotFoundError
        If there is no model at ``path``.
    ValueError
        If the file is damaged, or holds something else.
    """
    file, card = model_file(path), read_card(path)
    if card.get("format") != kind:
        raise ValueError(
            f"{path} must hold {what}, with format {kind} in its card, got "
            f"{card.get('format')!r}."
        )
    return load_keras(file, network, f"{what} of class {network.__name__}"), card


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
        If the file is damaged or asks for more than it holds, a weight is not finite,
        or it holds something else.
    """
    try:
        archive = read_archive(file)
        _import_classes(archive.config)
        # Keras looks at all properties, also those that compute with the weights.
        with archive.limits(), np.errstate(all="ignore"):
            model: Any = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its parts raise
        raise ValueError(
            f"{file} is not a model that loads: {_reason(error)}{_versions(file)}."
        ) from error
    if not isinstance(model, kind):
        raise ValueError(f"{file} must hold {what}, got {type(model).__name__}.")
    for weight in model.weights:
        check_finite(f"weight {weight.path} of {file}", np.asarray(weight))
    return model


def _reason(error: Exception) -> str:
    """Return what went wrong in one line, without what Keras puts before it."""
    text = str(error)
    for prefix in _KERAS_PREFIXES:
        text = text.rpartition(prefix)[2]
    line = " ".join(text.split())
    if not line or isinstance(error, KeyError):
        line = f"{type(error).__name__} {line}".strip()
    return line[:_LONGEST].rstrip(".")


def _versions(file: Path) -> str:
    """Say which version wrote a model file and which one reads it, where it is told."""
    try:
        written = read_card(file.parent).get("commgen")
    except ValueError:
        written = None
    if not isinstance(written, str) or written == __version__:
        return ""
    return f" (commgen {written[:40]} wrote it, this is {__version__})"


def _import_classes(config: Any) -> None:
    """Import the modules of all classes that a configuration names.

    Keras finds a class by its registered name, and only once its module has been
    imported. Names that are not ours are Keras's to refuse.
    """
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
