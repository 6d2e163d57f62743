"""Estimators by name: "lmmse", "ls", "slot", "learned", or the file of a model."""

from pathlib import Path
from typing import Any

from commgen.frame.frame import Frame
from commgen.frame.slot_estimator import SlotEstimator
from commgen.frame.slot_files import load_grid_mixture, load_slot_contract
from commgen.sdr.reception.grids import check_grid
from commgen.sdr.reception.slots import SlotReceiver, as_slot_receiver

NAMES = ("lmmse", "ls", "slot", "learned")


def estimator_named(name: str, frame: Frame) -> SlotReceiver:
    """Return what receives slots.

    Parameters
    ----------
    name
        One of ``NAMES``, of which "learned" is the receiver that travels with the
        package; the path of an exported model (``.onnx``); or that of a mixture over
        slots (``.npz``).
    frame
        What is received.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If there is no such name, the file is damaged or has no contract, or the model
        is for another frame.
    """
    if name == "learned":
        from commgen.sdr.models import RECEIVER

        name = str(RECEIVER)
    end = Path(name).suffix
    if end == ".onnx":
        from commgen.sdr.reception.learned import ModelReceiver

        return ModelReceiver(name, frame)
    if end == ".npz":
        return as_slot_receiver(_slot(Path(name), frame), frame)
    if name not in NAMES:
        raise ValueError(
            f"estimator must be one of {', '.join(NAMES)}, or a model's file that ends "
            f"in .onnx or .npz, got {name!r}."
        )
    return as_slot_receiver(name, frame)


def _slot(path: Path, frame: Frame) -> Any:
    """Return the estimator of a mixture whose contract is of the same frame."""
    mixture = load_grid_mixture(path)
    try:
        check_grid(load_slot_contract(path), frame)
    except ValueError as error:
        raise ValueError(f"{path} is for another frame: {error}") from error
    return SlotEstimator(frame, mixture)
