"""A recording, whatever its format was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from commgen.datasets.channel_meta import ChannelMeta, Normalise


@dataclass(frozen=True)
class Source:
    """A recording, ready to be written to a channel file.

    Parameters
    ----------
    meta
        Description of the channels; ``normalisation`` says in what unit |h|^2 is.
    shape
        Shape of all channels, as a channel array.
    read
        Function from rows (an array of whole numbers) to their channels, complex.
    labels
        Name to values, [num_samples] each.
    kinds
        Kind of each label.
    normalise
        What :func:`~commgen.datasets.import_source` does with the power unless told
        otherwise.
    notes
        What whoever imports it must know, a clause each: what was left out of the
        recording, how its axes were read.
    """

    meta: ChannelMeta
    shape: tuple[int, ...]
    read: Callable[[np.ndarray], np.ndarray]
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    normalise: Normalise = "none"
    notes: tuple[str, ...] = ()
