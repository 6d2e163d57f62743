"""Model folders: ``model.keras`` and ``card.json``, loaded without running code."""

from pathlib import Path
from typing import Any

from commgen import __version__
from commgen._files import atomic_folder, check_folder, read_json, write_json

MODEL_FILE = "model.keras"
CARD_FILE = "card.json"


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
    import keras

    check_model_folder(path)
    facts = {
        "format": "commgen-model",
        "family": type(model).__name__,
        "event_shape": list(model.event_shape),
        "num_parameters": model.count_params(),
        "commgen": __version__,
        "keras": keras.__version__,
        **(card or {}),
    }
    with atomic_folder(path) as temporary:
        keras.Model.save(model, temporary / MODEL_FILE)
        write_json(temporary / CARD_FILE, facts)


def check_model_folder(path: str | Path) -> None:
    """Raise unless a model can go to ``path``: nothing there, or an older model."""
    check_folder(path, "model", MODEL_FILE)


def model_file(path: str | Path) -> Path:
    """Return the file of the model at ``path``, or raise FileNotFoundError."""
    file = Path(path) / MODEL_FILE
    if not file.is_file():
        raise FileNotFoundError(f"no model at {path}: {MODEL_FILE} is not there.")
    return file


def read_card(path: str | Path) -> dict:
    """Return the card of the model at ``path``; empty where it has none.

    Raises
    ------
    ValueError
        If the card is not a JSON object.
    """
    file = Path(path) / CARD_FILE
    if not file.is_file():
        return {}
    card = read_json(file)
    if not isinstance(card, dict):
        raise ValueError(f"{file} must hold a JSON object, got {type(card).__name__}.")
    return card
