"""The symbols that a link's data are mapped to."""

from typing import Any

from commgen.frame.constellation import Constellation

#: QAM by its bits, for which there are quick ways, or points of any kind.
Symbols = int | Constellation


def symbols_of(link: Any) -> Symbols:
    """Return what the data of a link are mapped to.

    Parameters
    ----------
    link
        Configuration of a link; its ``constellation`` is read, where it has one.

    Raises
    ------
    OSError
        If the file of the constellation is not there.
    ValueError
        If it is none, has another number of points than ``num_bits_per_symbol`` says,
        or points of different probability, for which bits would need a matcher.
    """
    path = getattr(link, "constellation", None)
    if path is None:
        return link.num_bits_per_symbol
    found = Constellation.load(path)
    if found.num_bits_per_symbol != link.num_bits_per_symbol:
        raise ValueError(
            f"link.num_bits_per_symbol must be the {found.num_bits_per_symbol} of "
            f"{path}, got {link.num_bits_per_symbol}."
        )
    if found.is_shaped:
        raise ValueError(
            "link.constellation must have points of equal probability, got "
            f"probabilities of {found.probabilities.min():.3g} to "
            f"{found.probabilities.max():.3g} in {path}."
        )
    return found
