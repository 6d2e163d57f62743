"""Modulation and coding schemes, in the order of the standard's tables."""

from typing import Literal, NamedTuple

from commgen.phy.nr.numerology import mcs_coderate

McsTableName = Literal["64qam", "256qam"]

# TS 38.214: bits of a symbol, target code rates x 1024.
_TABLES: dict[str, tuple[tuple[int, tuple[float, ...]], ...]] = {
    # Table 5.1.3.1-1, MCS 0 to 28
    "64qam": (
        (2, (120, 157, 193, 251, 308, 379, 449, 526, 602, 679)),
        (4, (340, 378, 434, 490, 553, 616, 658)),
        (6, (438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948)),
    ),
    # Table 5.1.3.1-2, MCS 0 to 27
    "256qam": (
        (2, (120, 193, 308, 449, 602)),
        (4, (378, 434, 490, 553, 616, 658)),
        (6, (466, 517, 567, 616, 666, 719, 772, 822, 873)),
        (8, (682.5, 711, 754, 797, 841, 885, 916.5, 948)),
    ),
}


class Mcs(NamedTuple):
    """A modulation and coding scheme.

    Parameters
    ----------
    num_bits_per_symbol
        Of the QAM: 2, 4, 6 or 8.
    coderate
        Target code rate.
    """

    num_bits_per_symbol: int
    coderate: float

    @property
    def efficiency(self) -> float:
        """Information bits of a symbol."""
        return self.num_bits_per_symbol * self.coderate


def mcs_table(name: McsTableName) -> tuple[Mcs, ...]:
    """Return the schemes of a table, MCS 0 first.

    Parameters
    ----------
    name
        ``64qam``: TS 38.214 table 5.1.3.1-1; ``256qam``: table 5.1.3.1-2.

    Raises
    ------
    ValueError
        If there is no such table.

    Examples
    --------
    >>> len(mcs_table("64qam")), len(mcs_table("256qam"))
    (29, 28)
    >>> round(mcs_table("256qam")[27].efficiency, 2)
    7.41
    """
    if name not in _TABLES:
        raise ValueError(f"table must be one of {', '.join(_TABLES)}, got {name!r}.")
    return tuple(
        Mcs(bits, mcs_coderate(bits, rate / 1024))
        for bits, rates in _TABLES[name]
        for rate in rates
    )
