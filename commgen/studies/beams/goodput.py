"""What precoders deliver in blocks, with schemes as careful as others have found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from commgen.phy.downlink import (
    DownlinkLink,
    SlotDraws,
    believed_mcs,
    highest_mcs,
)

#: Block error rate that the outer loop is after.
TARGET_BLER = 0.1
#: How a scheme is chosen: by what the base station expects, or what a user reports.
Adaptation = Literal["believed", "reported"]
_OFFSETS_DB = np.arange(-10.0, 10.01, 0.25)


@dataclass(frozen=True)
class Known:
    """Drops of users, what is believed of them, and what happens to their blocks.

    Parameters
    ----------
    h : [num_drops, num_users, num_rx_ant, num_tx_ant], complex
        Channels.
    belief : Belief
        What the base station makes weights of.
    expected : [num_draws, num_drops, num_users, num_rx_ant, num_tx_ant], complex
        Draws of the same belief that no weights were made of: what schemes are chosen
        by.
    draws : SlotDraws
        Bits and noise.
    """

    h: np.ndarray
    belief: Any
    expected: np.ndarray
    draws: SlotDraws


@dataclass(frozen=True)
class Judged:
    """What a precoder delivered, drop by drop.

    Parameters
    ----------
    goodput, rate : [num_drops], float
        Bits of received blocks over elements, and what Gaussian codes would carry.
    wrong, sent : [num_drops], int
        Blocks.
    offset_db
        Of the outer loop.
    """

    goodput: list[float]
    rate: list[float]
    wrong: list[int]
    sent: list[int]
    offset_db: float


def judge(
    link: DownlinkLink,
    thresholds_db: np.ndarray,
    weights: Mapping[str, tuple[np.ndarray, np.ndarray]],
    others: Known,
    test: Known,
    no: float,
    *,
    adaptation: Adaptation,
    knowing: str,
) -> dict[str, Judged]:
    """Find each precoder's offset on other drops, and count what it delivers.

    Parameters
    ----------
    link, thresholds_db
        The link, and the SNR that its schemes need.
    weights
        Name of a precoder to its weights for ``others`` and for ``test``.
    others, test
        Drops to find offsets on, and to judge by.
    no
        Noise variance.
    adaptation
        How schemes are chosen.
    knowing
        Name of the precoder that knows the channels, and so the SINR.
    """
    found = {}
    for name, (first, w) in weights.items():
        choose = _Choice(link, thresholds_db, no, adaptation, name == knowing)
        offset_db = _outer_loop(choose, others, first)
        mcs = choose.of(choose.sinr(test, w), offset_db)
        got = link.run(test.h, w, mcs, no, test.draws)
        rate = np.log2(1 + link.sinr(test.h, w, no)).sum(axis=1)
        found[name] = Judged(
            (got.bits.sum(axis=1) / link.num_re).tolist(),
            rate.tolist(),
            (got.sent & ~got.accepted).sum(axis=1).tolist(),
            got.sent.sum(axis=1).tolist(),
            offset_db,
        )
    return found


@dataclass(frozen=True)
class _Choice:
    """Chooses the scheme of each user."""

    link: DownlinkLink
    thresholds_db: np.ndarray
    no: float
    adaptation: Adaptation
    knowing: bool

    def sinr(self, drops: Known, w: np.ndarray) -> np.ndarray:
        """Return what is expected: one draw where it is known."""
        measured = self.knowing or self.adaptation == "reported"
        h = drops.h[None] if measured else drops.expected
        return self.link.sinr(h, w, self.no)

    def of(self, sinr: np.ndarray, offset_db: float) -> np.ndarray:
        """Return the schemes that expected SINRs allow."""
        if len(sinr) == 1:
            return highest_mcs(sinr[0], self.thresholds_db, offset_db=offset_db)
        return believed_mcs(
            sinr, self.thresholds_db, target_bler=TARGET_BLER, offset_db=offset_db
        )


def _outer_loop(choose: _Choice, drops: Known, w: np.ndarray) -> float:
    """Return the boldest offset whose error rate is not above the target.

    Halves the range: a scheme that needs less never fails less often, but for chance.
    """
    sinr = choose.sinr(drops, w)
    low, high = 0, len(_OFFSETS_DB) - 1
    while low < high:
        middle = (low + high) // 2
        offset_db = float(_OFFSETS_DB[middle])
        mcs = choose.of(sinr, offset_db)
        got = choose.link.run(drops.h, w, mcs, choose.no, drops.draws)
        lost = (got.sent & ~got.accepted).sum() / max(got.sent.sum(), 1)
        low, high = (low, middle) if lost <= TARGET_BLER else (middle + 1, high)
    return float(_OFFSETS_DB[low])
