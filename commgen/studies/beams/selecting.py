"""Rates where more users ask than are served, by how they are chosen."""

from typing import Any

import numpy as np

from commgen.measures.decibel import noise_variance
from commgen.studies.beams.believed import NUM_USERS, Believed

_POWER_DB = 10.0
_DRAWS = 16


def selected_rates(believed: Believed, num_seen: int, size: Any) -> dict[str, Any]:
    """Return name of a choice to rates of the chosen, the plainest choice first.

    All are served by the one-pass precoder, but those of known channels, who are chosen
    and served by what it and WMMSE make of the channels.
    """
    from commgen.phy.beams import (
        WMMSE,
        Belief,
        select_users,
        strongest_users,
        take_users,
    )

    h, belief = believed.asking(num_seen, _DRAWS)
    no, one_pass = float(noise_variance(_POWER_DB)), believed.one_pass()
    greedy = {"no": no, "num_users": NUM_USERS, "precoder": one_pass}
    choices = {
        "any eight": np.tile(np.arange(NUM_USERS), (len(h), 1)),
        "strongest expected": strongest_users(belief, NUM_USERS),
        "greedy, expected rate": select_users(belief, **greedy),
    }
    found = {
        name: _rates(h, users, one_pass(take_users(belief, users), no), no)
        for name, users in choices.items()
    }
    known = Belief.of(h)
    users = select_users(known, **greedy)
    w = WMMSE(num_steps=size.wmmse_steps)(take_users(known, users), no)
    return {**found, "greedy, channels known": _rates(h, users, w, no)}


def _rates(h, users, w, no) -> list[float]:
    from commgen.phy.beams import sum_rate

    served = np.take_along_axis(h, users[:, :, None, None], axis=1)
    return sum_rate(served, w, no).numpy().tolist()
