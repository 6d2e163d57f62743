"""A data card: what a measured set is, where it comes from, how it may be used."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from commgen._files.yaml_file import read_yaml

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CardFile(_Strict):
    """One file of a set, by its path in the set's folder."""

    path: str
    bytes: int = Field(gt=0)
    sha256: Sha256
    arrays_sha256: Sha256 | None = Field(
        default=None,
        description="Of the arrays in an .npz file, whatever it was compressed with.",
    )


class Upstream(_Strict):
    """The public repository that a set comes from."""

    repository: str
    commit: str = Field(pattern="^[0-9a-f]{40}$")
    paths: str


class Split(_Strict):
    """Values of one label, or of it modulo a number, for each part."""

    label: str
    modulo: int | None = Field(default=None, ge=2)
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    why: str

    @model_validator(mode="after")
    def _parts_are_apart(self) -> Self:
        values = [*self.train, *self.validation, *self.test]
        if len(set(values)) != len(values):
            raise ValueError("train, validation and test must not share a value.")
        return self


class Card(_Strict):
    """A data card, read from ``datasets/<name>/card.yaml``; unknown keys are refused.

    Parameters
    ----------
    name
        Name of the set and of the card's folder.
    title, what
        One line, and a paragraph.
    kind
        "channels" (can be imported to a channel file), "iq", "spectrum" or "traffic".
    folder
        Folder of the set under the data root.
    licence, citation
        Terms of use and whom to cite.
    upstream
        Where it was published.
    recipe
        Steps that lead from there to ``files``.
    arrays
        What the files hold, name to text.
    files
        Files that the loader reads, with checksums.
    split
        Division into train, validation and test; None where there is none.
    facts
        What was measured on it, and what to beware of.
    """

    name: str = Field(pattern="^[a-z0-9_]+$")
    title: str
    what: str
    kind: str = Field(pattern="^(channels|iq|spectrum|traffic)$")
    folder: str = Field(pattern="^[A-Za-z0-9_.-]+$")
    licence: str
    citation: str
    upstream: Upstream
    recipe: tuple[str, ...]
    arrays: dict[str, str]
    files: tuple[CardFile, ...] = Field(min_length=1)
    split: Split | None = None
    facts: tuple[str, ...] = ()


def read_card(path: str | Path) -> Card:
    """Read a card; ValueError with the file and the key where it is not valid."""
    try:
        return Card.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "card"
        raise ValueError(
            f"{path} is not a data card: {where}: {first['msg']}."
        ) from error
