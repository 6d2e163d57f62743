"""How a node's training answers are made small."""

from typing import Annotated, Literal

from pydantic import Field

from commgen._settings import Float, Int, Settings


class UplinkConfig(Settings):
    """What of the change of an array is sent, and how finely.

    The defaults send all of it in int8, a quarter of the bytes.

    Parameters
    ----------
    bits
        Of a sent entry.
    keep
        Share of the entries that are sent, those of greatest magnitude in each array.
    rounding
        ``"nearest"``, or ``"stochastic"``, which is right in the mean.
    aid_bits
        Of moments and controls, which are sent whole: what is left out of them comes
        too late to be of use.
    """

    bits: Annotated[Int, Field(ge=2, le=8)] = 8
    keep: Annotated[Float, Field(gt=0, le=1)] = 1.0
    rounding: Literal["nearest", "stochastic"] = "nearest"
    aid_bits: Annotated[Int, Field(ge=2, le=8)] = 8
