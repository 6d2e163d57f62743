"""Covariances of a few directions in a white remainder: mixtures of principal parts."""

from commgen.generative.mixture.parts import Component, Scatter


def low_rank(scatter: Scatter, rank: int, floor: float) -> Component:
    """Return the likeliest covariance of ``rank`` directions in white noise.

    Tipping and Bishop, *Mixtures of Probabilistic Principal Component Analysers*,
    Neural Computation 11 (1999), eqs. (B.9) and (B.10): the largest eigenvalues of the
    sample covariance with their eigenvectors, and the mean of the others.

    Parameters
    ----------
    scatter
        Sum of outer products.
    rank
        Directions, at most the entries of a channel.
    floor
        Least variance of any direction.

    Returns
    -------
    Component
        With eigenvalues in ascending order; the remainder is ``floor`` where no
        direction remains.
    """
    size = scatter.rows.shape[1]
    values, vectors = scatter.principal(rank)
    rest = floor
    if rank < size:
        rest = (scatter.trace() - float(values.sum())) / (size - rank) / scatter.count
        rest = max(rest, floor)
    return Component(
        (values / scatter.count).clip(min=rest),
        vectors.astype("complex64"),
        rest,
    )
