"""What few radio chains, or phases alone, cost in rate."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen.measures.decibel import noise_variance
from commgen.measures.intervals import RatioSums
from commgen.studies.beams.channels import umi_users
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

NUM_ANT, NUM_USERS, SNR_DB = 64, 4, 10.0
CHAINS = (4, 6, 8)
DIGITAL, BOUND = "WMMSE, 64 chains", "dirty-paper limit"


@dataclass(frozen=True)
class ChainsSize:
    """How much is judged.

    Parameters
    ----------
    num_drops
        Sets of four users.
    wmmse_steps
        Of WMMSE, on all antennas and on chains.
    fit_steps
        Turns of the phases of shifters.
    """

    num_drops: int = 100
    wmmse_steps: int = 50
    fit_steps: int = 30


#: All steps in seconds; the figures mean little.
QUICK = ChainsSize(4, 3, 2)


def chains_study(
    output: Path, size: ChainsSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Precode for UMi-64 with fewer chains than antennas, channels known.

    Parameters
    ----------
    output
        Folder of channels and steps.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes what was asked for beside what was measured: two chains a stream lose
        nothing.

    Returns
    -------
    dict
        Rates with paired shares of those of all chains.
    """
    found = Stages(output / "stages").result(
        "rates", [seed, asdict(size)], lambda: _rates(output, size, seed)
    )
    rows = [_row(name, rates, found[DIGITAL]) for name, rates in found.items()]
    exact = next(row for row in rows if row["precoder"] == _shifters(max(CHAINS)))
    asked(
        f"rate of {max(CHAINS)} chains, {NUM_USERS} streams, of {DIGITAL}",
        "1 to 1e-3",
        f"{exact['share']:.5f}",
        abs(exact["share"] - 1) <= 1e-3,
    )
    return {"Few chains": rows}


def precoders(size: ChainsSize) -> dict[str, Any]:
    """Return name to precoder, from all chains to none but phases."""
    from commgen.phy.beams import RZF, WMMSE, ConstantModulus, HybridPrecoder

    digital, n = WMMSE(num_steps=size.wmmse_steps), np.arange(NUM_ANT)
    dft = np.exp(2j * np.pi * np.outer(n, np.arange(2 * NUM_ANT)) / (2 * NUM_ANT))
    return {
        DIGITAL: digital,
        "RZF, 64 chains": RZF(),
        **{
            _shifters(k): HybridPrecoder(k, digital, num_steps=size.fit_steps)
            for k in CHAINS
        },
        **{
            f"DFT beams, {k} chains": HybridPrecoder(k, digital, codebook=dft)
            for k in CHAINS
        },
        "phases alone": ConstantModulus(num_steps=size.wmmse_steps),
    }


def _rates(output: Path, size: ChainsSize, seed: int) -> dict[str, list[float]]:
    from commgen.phy.beams import dpc_capacity, sum_rate

    h = umi_users(output, size.num_drops, NUM_USERS, NUM_ANT, seed=seed)
    no = float(noise_variance(SNR_DB))
    found = {
        name: sum_rate(h, precode(h, no), no).numpy().tolist()
        for name, precode in precoders(size).items()
    }
    return {**found, BOUND: dpc_capacity(h, no).tolist()}


def _row(name: str, rates: list[float], reference: list[float]) -> dict[str, Any]:
    sums = RatioSums.of(rates, reference)
    low, high = sums.interval()
    return {
        "precoder": name,
        "rate": float(np.mean(rates)),
        "share": sums.ratio(),
        "share_low": low,
        "share_high": high,
    }


def _shifters(num_chains: int) -> str:
    return f"phase shifters, {num_chains} chains"
