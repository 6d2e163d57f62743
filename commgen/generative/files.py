"""Model folders: ``model.keras`` and ``card.json``, loaded without running code."""

import json
from pathlib import Path

import keras

from commgen import __version__
from commgen._files import atomic_folder, write_text
from commgen.generative.model import GenerativeModel

MODEL_FILE = "model.keras"
CARD_FILE = "card.json"


def save_model(model: GenerativeModel, path: Path, card: dict | None = None) -> None:
    """Write a model folder; an older one of that name is replaced at the end.

    Parameters
    ----------
    model
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
        write_text(temporary / CARD_FILE, json.dumps(facts, indent=2) + "\n")


def check_model_folder(path: str | Path) -> None:
    """Raise unless a model can go to ``path``: nothing there, or an older model."""
    path = Path(path)
    free = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if not free and not (path / MODEL_FILE).is_file():
        raise ValueError(
            f"{path} exists and is no model folder; it will not be replaced."
        )


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
    file = Path(path) / MODEL_FILE
    if not file.is_file():
        raise FileNotFoundError(f"no model at {path}: {MODEL_FILE} is not there.")
    try:
        model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its parts raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else error
        raise ValueError(f"{file} is not a model that loads: {reason!r}.") from error
    if not isinstance(model, GenerativeModel):
        raise ValueError(
            f"{file} must hold a commgen generative model, got {type(model).__name__}."
        )
    return model


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
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is not JSON: {error}.") from error
    if not isinstance(card, dict):
        raise ValueError(f"{file} must hold a JSON object, got {type(card).__name__}.")
    return card
