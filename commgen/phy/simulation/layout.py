"""What a link counts over SNR."""

from collections.abc import Sequence
from typing import Any

from commgen.montecarlo.layout import BLER, ERRORS, TRIALS, Layout, Level, Rate

TRANSMISSIONS, DELIVERED = "transmissions", "delivered"
# Blocks delivered over transmissions (TS 38.104, 8.2.1: the fraction of maximum
# throughput).
THROUGHPUT = Rate(
    name="throughput",
    label="fraction of throughput",
    top=DELIVERED,
    bottom=TRANSMISSIONS,
    falls=False,
)
NMSE = Level(
    name="nmse",
    label="NMSE of the channel estimate",
    promised="err_var",
    promised_sum="predicted_power",
)


def link_layout(names: Sequence[str], snr_db: Any, *, harq: bool) -> Layout:
    """Return the layout of a link's tally.

    Trials are slots, or HARQ processes, and blocks their codewords.

    Parameters
    ----------
    names
        Of the estimators.
    snr_db : [num_snr], float
        SNRs, ascending.
    harq
        Whether blocks may be sent several times.
    """
    return Layout(
        curves=tuple(names),
        points=tuple(float(snr) for snr in snr_db),
        events=(TRIALS, ERRORS) + ((TRANSMISSIONS, DELIVERED) if harq else ()),
        rates=(BLER, THROUGHPUT) if harq else (BLER,),
        levels=(NMSE,),
        curve="estimator",
    )
