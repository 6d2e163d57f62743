"""The symbols that a link's data are mapped to."""

from typing import Any

from commgen.frame.constellation import Constellation
from commgen.frame.shaped import matched_qam

#: QAM by its bits, for which there are quick ways, or points of any kind.
Symbols = int | Constellation


def symbols_of(link: Any) -> Symbols:
    """Return what the data of a link are mapped to.

    Parameters
    ----------
    link
        Configuration of a link; its ``constellation`` is read, where it has one, and
        its ``shaping`` gives QAM its probabilities.

    Raises
    ------
    OSError
        If the file of the constellation is not there.
    ValueError
        If it is none, has another number of points than ``num_bits_per_symbol`` says,
        or points of different probability: matchers make amplitudes of QAM alone.
    """
    path, shaping = (getattr(link, key, None) for key in ("constellation", "shaping"))
    if shaping is not None:
        num_bits = link.num_bits_per_symbol
        return matched_qam(num_bits, shaping.of(num_bits))
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
            "link.constellation must have points of equal probability, for matchers "
            "make amplitudes of QAM alone (link.shaping), got probabilities of "
            f"{found.probabilities.min():.3g} to {found.probabilities.max():.3g} in "
            f"{path}."
        )
    return found
