"""Folders of neural receivers, loaded without running code, and refused elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen.frame.fields import frame_of
from commgen.generative.files import save_network
from commgen.generative.load import load_network
from commgen.phy.neural.network import ReceiverNetwork

_FORMAT = "commgen-receiver"


def save_neural_receiver(network: Any, path: Path, card: dict[str, Any]) -> None:
    """Write a folder with the network and its card.

    Parameters
    ----------
    network : ReceiverNetwork
        The network.
    path
        Folder; an older model there is replaced at the end.
    card
        ``frame`` of :func:`frame_of`, ``snr_range_db``, and what else to tell; JSON.
    """
    save_network(network, path, _FORMAT, card)


def load_neural_receiver(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """Load a folder of :func:`save_neural_receiver`.

    Returns
    -------
    network : ReceiverNetwork
    card : dict

    Raises
    ------
    FileNotFoundError
        If there is no model at ``path``.
    ValueError
        If the file is damaged, or holds something else than a neural receiver.
    """
    return load_network(path, ReceiverNetwork, _FORMAT, "a neural receiver")


def check_receiver_fits(card: dict[str, Any], link: Any, snr_db: Any) -> None:
    """Raise ValueError unless a receiver was trained for this frame and these SNRs.

    A network that meets other noise than in training may be far worse than least
    squares, and does not tell.
    """
    trained, here = card.get("frame", {}), frame_of(link)
    for key in {**here, **trained}:
        if trained.get(key) != here.get(key):
            raise ValueError(
                f"link.{key} must be {trained.get(key)}, as in the receiver's "
                f"training, got {here.get(key)}."
            )
    low, high = card["snr_range_db"]
    outside = [s for s in np.atleast_1d(snr_db).tolist() if not low <= s <= high]
    if outside:
        raise ValueError(
            f"snr_db must be in {low:g}..{high:g}, the range of the receiver's "
            f"training, got {outside[0]:g}."
        )
