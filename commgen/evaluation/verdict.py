"""What the numbers of a row mean, in words."""

from collections.abc import Mapping
from typing import Any

TESTS = ("nn_accuracy", "classifier_accuracy")
SAME = "not told from the truth"
BETTER = "better than a Gaussian, but told from the truth"
NO_BETTER = "no better than a Gaussian"
COPIES = "copies its training set"
AMBIGUOUS = "cannot be judged: the Gaussian is not told from the truth either"
# More of the candidates than of the truth may lie close to training channels by chance.
_COPIED_SHARE = 0.05
# On a thin manifold all are close, and copies show in the median first.
_COPIED_RATIO = 0.5


def verdict(
    row: Mapping[str, Any], *, floor: Mapping[str, Any], gaussian: Mapping[str, Any]
) -> str:
    """Judge a source by its two-sample tests, intervals included.

    Parameters
    ----------
    row
        Of :func:`~commgen.evaluation.score_set`.
    floor, gaussian
        Rows of the references.

    Returns
    -------
    str
        In this order: that it copies its training set, where more than 5 % of it, and
        twice as much as of the floor, are closer to the training channels than 99 % of
        the truth, or their median distance is below half the floor's; that nothing can
        be said, since the truth is Gaussian to both tests; that it is not told from the
        truth, where both intervals reach the floor's or lie nearer to 0.5; that it is
        better than a Gaussian, where one test has it nearer to 0.5 with intervals apart
        and none the other way round; or that it is not.
    """
    if _is_copied(row, floor):
        return COPIES
    if all(_overlap(gaussian, floor, test) for test in TESTS):
        return AMBIGUOUS
    if all(_overlap(row, floor, test) or _nearer(row, floor, test) for test in TESTS):
        return SAME
    nearer = [_nearer(row, gaussian, test) for test in TESTS]
    further = [_nearer(gaussian, row, test) for test in TESTS]
    return BETTER if any(nearer) and not any(further) else NO_BETTER


def _is_copied(row, floor) -> bool:
    share = row.get("memorised_share")
    if share is None:
        return False
    limit = max(_COPIED_SHARE, 2 * floor["memorised_share"])
    ratio = _COPIED_RATIO * floor["memorisation_ratio"]
    return share > limit or row["memorisation_ratio"] < ratio


def _overlap(a, b, test: str) -> bool:
    return (
        a[f"{test}_low"] <= b[f"{test}_high"] and b[f"{test}_low"] <= a[f"{test}_high"]
    )


def _nearer(a, b, test: str) -> bool:
    """Whether all of a's interval is nearer to chance than all of b's."""
    return _distance(a, test)[1] < _distance(b, test)[0]


def _distance(row, test: str) -> tuple[float, float]:
    """Least and greatest distance of an interval to 0.5."""
    low, high = row[f"{test}_low"] - 0.5, row[f"{test}_high"] - 0.5
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return least, max(abs(low), abs(high))
