"""Which samples are for training, which for choosing, which for the final test."""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np

from commgen.datasets.card import Card

Part = Literal["train", "validation", "test", "all"]


def split_indices(
    card: Card, labels: Mapping[str, np.ndarray], part: Part
) -> np.ndarray:
    """Return the samples of one part of a set, as its card divides it; never at random.

    Parameters
    ----------
    card
        Data card with a ``split``.
    labels
        Labels of the samples, of a source or a channel file of this set.
    part
        "train", "validation", "test" or "all".

    Returns
    -------
    rows : [num_rows], int64
        Ascending.

    Raises
    ------
    ValueError
        If the set has no split, the label is missing, a sample is in no part, or the
        part has no sample.
    """
    if part not in get_args(Part):
        raise ValueError(f"part must be one of {list(get_args(Part))}, got {part!r}.")
    if part == "all":
        return np.arange(len(next(iter(labels.values()))))
    split = card.split
    if split is None:
        raise ValueError(f"{card.name} has no split; the only part is all.")
    if split.label not in labels:
        raise ValueError(
            f"{card.name} is split by the label {split.label}, got {sorted(labels)}."
        )
    value = np.asarray(labels[split.label])
    if split.modulo is not None:
        value = value % split.modulo
    stray = ~np.isin(value, [*split.train, *split.validation, *split.test])
    if stray.any():
        raise ValueError(
            f"{split.label} of sample {int(np.argmax(stray))} is in no part of "
            f"{card.name}, got {value[np.argmax(stray)]}."
        )
    rows = np.flatnonzero(np.isin(value, getattr(split, part)))
    if not rows.size:
        raise ValueError(f"the part {part} of {card.name} has no sample here.")
    return rows
