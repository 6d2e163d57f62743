"""Drops, precoders and blocks of the study of goodput, site by site."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance
from commgen.studies.beams.channels import umi_users
from commgen.studies.beams.partial import POWER_DB
from commgen.studies.beams.precoding import (
    ERR_VAR,
    NUM_ANT,
    NUM_USERS,
    ONE_PASS,
    PERFECT,
    SAMPLED,
    SNR_DB,
    learned,
)
from commgen.studies.seeds import part_seed

ON_THE_MEAN = "WMMSE on the mean"
#: Elements of a block, and pilots behind the weights that a user averages over.
NUM_RE, NUM_PILOTS = 288, 24
#: Antennas of UMi-64 that are seen of each user.
NUM_SEEN = 16
#: How schemes are chosen: by what the base station expects, or by what users report.
ADAPTATIONS = ("believed", "reported")


def link() -> Any:
    """Return the link that all are judged on."""
    from commgen.phy.downlink import DownlinkLink

    return DownlinkLink(NUM_RE, num_pilots=NUM_PILOTS)


def judged(precoders: Any, needed, others: Any, test: Any, no: float) -> dict[str, Any]:
    """Return what each precoder delivers, as JSON, by the way to choose schemes."""
    from commgen.studies.beams.goodput import judge

    weights = {
        name: (precode(others), precode(test)) for name, precode in precoders.items()
    }
    return {
        how: {
            name: asdict(value)
            for name, value in judge(
                link(),
                np.asarray(needed),
                weights,
                others,
                test,
                no,
                adaptation=how,
                knowing=PERFECT,
            ).items()
        }
        for how in ADAPTATIONS
    }


def thresholds(size: Any, seed: int) -> list[float]:
    """Return the SNR that each scheme needs [dB]."""
    from commgen.phy.downlink import decoding_thresholds

    own = part_seed(seed, "beams/downlink thresholds")
    blocks = size.num_threshold_blocks
    return decoding_thresholds(link().codec, seed=own, num_blocks=blocks).tolist()


def _error(output: Path, needed, size: Any, seed: int) -> dict[str, Any]:
    """Judge precoders of Rayleigh channels that are known with an error."""
    from commgen.phy.beams import WMMSE, RobustRZF

    no, steps = float(noise_variance(SNR_DB[1])), size.precoding.wmmse_steps
    # What learned is that of the part that judges rates.
    one_pass = learned(output.parent / "precoding", "believed", size.precoding, seed)
    members = {
        ON_THE_MEAN: WMMSE(num_steps=steps),
        "robust RZF": RobustRZF(),
        SAMPLED: WMMSE(num_steps=steps, of="samples"),
        ONE_PASS: one_pass,
    }
    others, test = (
        _drops(num, size.num_draws, part_seed(seed, f"beams/downlink {part}"))
        for part, num in (("others", size.num_others), ("drops", size.num_drops))
    )
    return judged(_named(members, steps, no), needed, others, test, no)


def _named(members: dict[str, Any], num_steps: int, no: float) -> dict[str, Any]:
    """Return name to weights of drops, with WMMSE that knows the channels at last."""
    from commgen.phy.beams import WMMSE

    exact = WMMSE(num_steps=num_steps)
    named = {
        name: lambda drops, member=member: member(drops.belief, no).numpy()
        for name, member in members.items()
    }
    return {**named, PERFECT: lambda drops: exact(drops.h, no).numpy()}


def _drops(num: int, num_draws: int, seed: int) -> Any:
    from commgen.phy.beams import Belief
    from commgen.studies.beams.goodput import Known

    rng, v = np.random.default_rng(seed), np.float32(ERR_VAR)
    mean = np.sqrt(1 - v) * complex_normal(rng, (num, NUM_USERS, 1, NUM_ANT))

    def drawn(n: int) -> np.ndarray:
        return mean + np.sqrt(v) * complex_normal(rng, (n, *mean.shape))

    cov = np.tile(v * np.eye(NUM_ANT), (num, NUM_USERS, 1, 1))
    h = drawn(1)[0]
    belief = Belief.of(mean, cov, drawn(num_draws))
    draws = link().draws(rng, num, NUM_USERS, 1)
    return Known(h, belief, drawn(num_draws), draws)


def _umi64(output: Path, needed, size: Any, seed: int) -> dict[str, Any]:
    """Judge precoders of UMi-64 of which some antennas of each user were seen."""
    from commgen.phy.beams import WMMSE, RobustRZF
    from commgen.studies.beams.believed import MIXTURE, Believed

    believed = Believed(output.parent / "partial", size.partial, seed)
    prior, one_pass = believed.prior(MIXTURE), believed.one_pass()
    no, steps = float(noise_variance(POWER_DB)), size.partial.wmmse_steps
    members = {
        ON_THE_MEAN: WMMSE(num_steps=steps),
        "robust RZF": RobustRZF(),
        SAMPLED: WMMSE(num_steps=steps, of="samples"),
        ONE_PASS: one_pass,
    }
    others, test = (
        _seen(output, prior, part, num, size.num_seen_draws, seed)
        for part, num in (
            ("downlink others", size.num_seen_others),
            ("downlink drops", size.num_seen_drops),
        )
    )
    return judged(_named(members, steps, no), needed, others, test, no)


def _seen(output, prior, part: str, num: int, num_draws: int, seed: int) -> Any:
    """Draw users of UMi-64, see antennas of each, and infer the rest."""
    from commgen.phy.beams import Belief, infer_belief
    from commgen.studies.beams.believed import NUM_ANT as ANTENNAS, PILOT_SNR_DB
    from commgen.studies.beams.goodput import Known

    h = umi_users(output, num, NUM_USERS, ANTENNAS, seed=seed, name=part)
    own = part_seed(seed, f"beams/{part} seen")
    rng, no = np.random.default_rng(own), float(noise_variance(PILOT_SNR_DB))
    antennas = np.argsort(rng.random(h[:, :, 0].shape), axis=-1)[..., :NUM_SEEN]
    y = np.take_along_axis(h[:, :, 0], antennas, axis=-1)
    y = y + np.sqrt(np.float32(no)) * complex_normal(rng, y.shape)
    found = infer_belief(prior, y, antennas, no, num_samples=2 * num_draws, seed=own)
    expected = found.samples[num_draws:].numpy()
    belief = Belief(found.mean, found.err_cov, found.samples[:num_draws])
    return Known(h, belief, expected, link().draws(rng, num, NUM_USERS, 1))


#: Where the study looks: what makes its drops and precoders, and judges them.
SITES = {"error 0.2": _error, "16 of 64 antennas": _umi64}
