"""What a terminal must hold and do to report a channel by a trellis codec."""

from dataclasses import dataclass

import numpy as np

from commgen.phy.feedback.trellis_tables import TrellisTables

# Levels of a union that the search looks at: zero, its neighbours, and those about x.
_LEVELS_TRIED = 7


@dataclass(frozen=True)
class EncoderCost:
    """Numbers that a terminal holds, and multiply-adds of a report.

    Parameters
    ----------
    spectra
        Numbers that tell which component fits: mean powers and weights of shapes.
    transform
        Numbers of the vectors that are sent at this price.
    tables
        Classes of the numbers that are sent, and levels with values and chances.
    matching, transforms, search
        Real multiply-adds: of the components' fit, of the transforms of all
        candidates, of the paths of all candidates (a comparison counts as one).
    """

    spectra: int
    transform: int
    tables: int
    matching: int
    transforms: int
    search: int

    @property
    def parameters(self) -> int:
        """All numbers that are held."""
        return self.spectra + self.transform + self.tables

    @property
    def multiply_adds(self) -> int:
        """All that is done for a report."""
        return self.matching + self.transforms + self.search


def encoder_cost(
    which: np.ndarray, tables: TrellisTables, *, num_candidates: int
) -> EncoderCost:
    """Count what a terminal holds and does.

    A vector of a Toeplitz covariance is its own mirror image, conjugate, but for a
    phase, so that half of it tells the rest. A complex product counts four. Fourier
    transforms of P points take P / 2 log2 P complex products.

    Parameters
    ----------
    which : [num_shapes, 2 N], int64
        Classes of the numbers of each shape.
    tables
        Of the levels.
    num_candidates
        Components that are tried.
    """
    num_shapes, points = which.shape
    size, states = points // 2, tables.num_states
    sent = tables.ends[2 * which] > 0
    per_shape = np.count_nonzero(sent, axis=1) / 2  # complex numbers
    rows = np.unique(which[sent])
    levels = int(np.sum(tables.ends[np.concatenate([2 * rows, 2 * rows + 1])] + 1))
    fourier = 4 * points // 2 * int(np.ceil(np.log2(points)))
    most = int(np.ceil(per_shape.max()))
    return EncoderCost(
        spectra=2 * num_shapes * points,
        transform=int(per_shape.sum() * size),
        tables=2 * levels + int(per_shape.sum()),
        matching=2 * fourier + 2 * points + num_shapes * (4 * points + fourier),
        transforms=num_candidates * 4 * size * (1 + most),
        search=num_candidates * 2 * most * (2 * _LEVELS_TRIED + 2 * states),
    )
