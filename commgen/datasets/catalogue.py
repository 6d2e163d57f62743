"""The measured sets that commgen knows: their cards, and where their files are.

Files are looked for in the folder that the environment variable ``COMMGEN_DATA``
names, and nowhere else. Nothing is downloaded: each card says how to obtain its set.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from commgen._files.npz import npz_names, read_npz
from commgen._files.whole import sha256
from commgen.datasets.card import Card, CardFile, read_card
from commgen.datasets.polyu import open_polyu
from commgen.datasets.source import Source
from commgen.datasets.uwb import open_uwb

VARIABLE = "COMMGEN_DATA"

IMPORTERS: Mapping[str, Callable[[Path], Source]] = {
    "wifi_polyu_mimo": open_polyu,
    "uwb_apartment_cir": open_uwb,
}


def catalogue() -> dict[str, Card]:
    """Return the data cards by name."""
    cards = [read_card(path) for path in sorted(_cards_folder().glob("*/card.yaml"))]
    return {card.name: card for card in cards}


def data_root() -> Path:
    """Return the folder of the measured sets.

    Raises
    ------
    FileNotFoundError
        If ``COMMGEN_DATA`` is unset or names no folder.
    """
    name = os.environ.get(VARIABLE, "")
    if not name:
        raise FileNotFoundError(
            f"{VARIABLE} is unset; set it to the folder that holds the measured sets. "
            "`commgen datasets show NAME` says how to obtain one."
        )
    if not Path(name).is_dir():
        raise FileNotFoundError(f"{VARIABLE} must name a folder, got {name}.")
    return Path(name)


def locate(card: Card) -> Path:
    """Return the folder of a set, or raise FileNotFoundError: how to obtain it."""
    folder = data_root() / card.folder
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{card.name} is not under {VARIABLE}: there is no folder {folder}. "
            f"`commgen datasets show {card.name}` says how to obtain it, from "
            f"{card.upstream.repository}."
        )
    return folder


def check_file(folder: Path, file: CardFile) -> None:
    """Raise unless a file of a set is there and has the checksum of its card."""
    path = folder / file.path
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; the data card lists it.")
    if sha256(path) == file.sha256:
        return
    if file.arrays_sha256 is None or arrays_sha256(path) != file.arrays_sha256:
        raise ValueError(
            f"{path} is not the file of the data card: its SHA-256 must be "
            f"{file.sha256[:12]}..., got {sha256(path)[:12]}...."
        )


def arrays_sha256(path: str | Path) -> str:
    """Return the SHA-256 of the arrays in an ``.npz`` file, in the order of names."""
    names = sorted(npz_names(path))
    total = hashlib.sha256()
    for name, array in read_npz(path, names).items():
        array = array.astype(array.dtype.newbyteorder("<"), order="C")
        total.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def open_set(card: Card) -> Source:
    """Open a set of the catalogue for import, its files verified.

    Raises
    ------
    ValueError
        If the set holds no channels, or a file is not the one on the card.
    FileNotFoundError
        If the set is not there.
    """
    if card.name not in IMPORTERS:
        raise ValueError(
            f"{card.name} holds no channels ({card.kind}); sets with an importer are "
            f"{sorted(IMPORTERS)}."
        )
    folder = locate(card)
    for file in card.files:
        if not file.path.endswith(".dat"):
            check_file(folder, file)
    return IMPORTERS[card.name](folder)


def _cards_folder() -> Path:
    """Return the cards of the installed package, or else those of the checkout."""
    packaged = Path(__file__).parent / "_cards"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "datasets"
