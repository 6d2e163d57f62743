"""What bytes cost a terminal on the air: seconds and joules of an LTE modem."""

from dataclasses import dataclass

from commgen._checks import check_int, check_positive

# Huang et al., A Close Examination of Performance and Power Characteristics of 4G LTE
# Networks, MobiSys 2012, sections 4 and 5: a commercial network and phone. The power of
# a transfer is linear in its rate, in watts, and watts per Mbit/s.
_WATTS, _WATTS_PER_MBIT_UP, _WATTS_PER_MBIT_DOWN = 1.28804, 0.43839, 0.05197
# Before a transfer the modem connects, behind it the network keeps it awake.
_PROMOTION_S, _PROMOTION_W = 0.2601, 1.2107
_TAIL_S, _TAIL_W = 11.576, 1.0600


@dataclass(frozen=True)
class RadioCost:
    """What transfers cost.

    Parameters
    ----------
    seconds
        Connecting and transferring, without the tail, in which nothing is waited for.
    joules
        Of the modem, with the tail.
    """

    seconds: float
    joules: float


@dataclass(frozen=True)
class Radio:
    r"""Model of a terminal's modem: a rate, and the power that it takes.

    .. math:: P = \beta + \alpha R

    at the rate R (Huang et al., MobiSys 2012, with their constants), and for each round
    a promotion of 0.26 s at 1.21 W and a tail of 11.6 s at 1.06 W: at small messages
    the tail is nearly all of the energy, and fewer rounds save it, not fewer bytes.
    That is the modem alone, not the phone's processor that trains.

    Parameters
    ----------
    up_bit_per_s, down_bit_per_s
        Rates. The defaults are the medians that the same paper measured, in its
        abstract: 6 and 13 Mbit/s.
    """

    up_bit_per_s: float = 6e6
    down_bit_per_s: float = 13e6

    def __post_init__(self):
        check_positive("up_bit_per_s", self.up_bit_per_s)
        check_positive("down_bit_per_s", self.down_bit_per_s)

    def cost(self, up_bytes: int, down_bytes: int = 0, *, rounds: int = 1) -> RadioCost:
        """Return what so many bytes cost in all, spread over rounds.

        Parameters
        ----------
        up_bytes, down_bytes
            Sent and received, over all rounds.
        rounds
            Times that the modem wakes.
        """
        check_int("up_bytes", up_bytes, low=0)
        check_int("down_bytes", down_bytes, low=0)
        check_int("rounds", rounds, low=1)
        up_s, up_w = _transfer(up_bytes, self.up_bit_per_s, _WATTS_PER_MBIT_UP)
        down_s, down_w = _transfer(
            down_bytes, self.down_bit_per_s, _WATTS_PER_MBIT_DOWN
        )
        awake = rounds * (_PROMOTION_S * _PROMOTION_W + _TAIL_S * _TAIL_W)
        seconds = rounds * _PROMOTION_S + up_s + down_s
        return RadioCost(seconds, awake + up_s * up_w + down_s * down_w)


def _transfer(num_bytes, bit_per_s, watts_per_mbit):
    """Return seconds and watts of a transfer."""
    return 8 * num_bytes / bit_per_s, _WATTS + watts_per_mbit * bit_per_s / 1e6
