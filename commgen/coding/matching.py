"""Matchers by their kind and size."""

from functools import lru_cache
from typing import get_args

from commgen.coding.composition import CompositionMatcher
from commgen.coding.matcher import MatcherKind
from commgen.coding.sphere_shaping import SphereShaper

Matcher = SphereShaper | CompositionMatcher

_CLASSES = {"sphere": SphereShaper, "composition": CompositionMatcher}


@lru_cache(maxsize=8)
def matcher_of(
    kind: MatcherKind, num_levels: int, length: int, num_bits: int
) -> Matcher:
    """Return the matcher that carries these bits; the last few are kept.

    Parameters
    ----------
    kind
        ``"sphere"``: :class:`~commgen.coding.sphere_shaping.SphereShaper`;
        ``"composition"``: :class:`~commgen.coding.composition.CompositionMatcher`.
    num_levels
        Amplitudes of an axis.
    length, num_bits
        Amplitudes and bits of a sequence.

    Raises
    ------
    ValueError
        If there is no such kind, or so many bits are not to be had.

    Examples
    --------
    >>> matcher_of("sphere", 4, 96, 168).num_bits
    168
    """
    if kind not in _CLASSES:
        kinds = ", ".join(get_args(MatcherKind))
        raise ValueError(f"kind must be one of {kinds}, got {kind!r}.")
    return _CLASSES[kind].of_bits(num_levels, length, num_bits)
