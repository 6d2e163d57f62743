"""Model folders: ``model.keras`` and ``card.json``, loaded without running code."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commgen import __version__
from commgen._files.replacing import recover_folder
from commgen._files.temporary import temporary_file
from commgen._files.whole import (
    atomic_folder,
    atomic_path,
    check_folder,
    read_json,
    write_json,
)
from commgen._signals import held_signals

MODEL_FILE = "model.keras"
CARD_FILE = "card.json"
_CARD_BYTES = 2**24


def save_model(model: Any, path: Path, card: dict | None = None) -> None:
    """Write a model folder; an older one of that name is replaced at the end.

    Parameters
    ----------
    model : GenerativeModel
        The model.
    path
        Folder.
    card
        What else to tell of the model: data, seed, cost. Must be JSON.

    Raises
    ------
    ValueError
        If there is something else than a model folder at ``path``.
    """
    told = {"family": type(model).__name__, "event_shape": list(model.event_shape)}
    save_network(model, path, "commgen-model", card, **told)


def save_network(
    network: Any, path: str | Path, kind: str, card: dict | None = None, **first: Any
) -> None:
    """Write a folder of a network and its card, of a kind that its reader asks for.

    Parameters
    ----------
    network : keras.Model
        The network.
    path
        Folder; an older model there is replaced at the end.
    kind
        Stands as ``format`` in the card.
    card, **first
        What else to tell, at the end and at the beginning of the card. Must be JSON.

    Raises
    ------
    ValueError
        If there is something else than a model folder at ``path``.
    """
    import keras

    check_model_folder(path)
    facts = {
        "format": kind,
        **first,
        "num_parameters": network.count_params(),
        "commgen": __version__,
        "keras": keras.__version__,
        **(card or {}),
    }
    with atomic_folder(Path(path)) as temporary:
        save_keras(network, temporary / MODEL_FILE)
        write_json(temporary / CARD_FILE, facts)


def save_keras(model: Any, file: Path) -> None:
    """Write a Keras model to a file, in one step; its bytes say nothing of the time.

    Parameters
    ----------
    model : keras.Model
        The model.
    file
        Name that ends in ``.keras``.
    """
    import keras

    with atomic_path(file) as temporary, temporary_file(file, 0o600) as dated:
        with held_signals():  # it writes HDF5 through Python
            keras.Model.save(model, dated)
        with zipfile.ZipFile(dated) as old, zipfile.ZipFile(temporary, "w") as new:
            for name in old.namelist():
                # A new entry is of 1980, the beginning of time in archives.
                with old.open(name) as source, new.open(name, "w") as target:
                    _copy(name, source, target)


def _copy(name: str, source: Any, target: Any) -> None:
    """Copy an entry of a model's archive, without the date that Keras notes."""
    if name == "metadata.json":
        facts = json.load(source)
        facts.pop("date_saved", None)
        target.write(json.dumps(facts).encode())
    else:
        shutil.copyfileobj(source, target)


def check_model_folder(path: str | Path) -> None:
    """Raise unless a model can go to ``path``: nothing there, or an older model."""
    recover_folder(path)
    check_folder(path, "model", MODEL_FILE)


def model_file(path: str | Path) -> Path:
    """Return the file of the model at ``path``, or raise FileNotFoundError."""
    recover_folder(path)
    file = Path(path) / MODEL_FILE
    if not file.is_file():
        raise FileNotFoundError(f"no model at {path}: {MODEL_FILE} is not there.")
    return file


def read_card(path: str | Path) -> dict:
    """Return the card of the model at ``path``; empty where it has none.

    Raises
    ------
    ValueError
        If the card is not a JSON object of a few MiB, or one of the keys that commands
        rely on holds something else than they expect.
    """
    file = Path(path) / CARD_FILE
    if not file.is_file():
        return {}
    size = file.stat().st_size
    if size > _CARD_BYTES:
        raise ValueError(f"{file} must have at most {_CARD_BYTES} bytes, got {size}.")
    card = read_json(file)
    if not isinstance(card, dict):
        raise ValueError(f"{file} must hold a JSON object, got {type(card).__name__}.")
    for key, (is_valid, rule) in _CARD_KEYS.items():
        if key in card and not is_valid(card[key]):
            raise ValueError(f"{key} of {file} must be {rule}, got {card[key]!r:.60}.")
    return card


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_condition(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is_words(value.get("names"))
        and isinstance(value.get("words"), dict)
        and all(map(_is_words, value["words"].values()))
    )


_CARD_KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "family": (lambda value: isinstance(value, str), "a word"),
    "layout": (_is_words, "a list of words"),
    "meta": (lambda value: isinstance(value, dict), "an object"),
    "condition": (_is_condition, "an object with names and words"),
}
