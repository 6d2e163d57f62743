"""Where precoders send the power of each user, over the angle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from commgen._figure import COLOURS, tidy
from commgen._files.whole import atomic_path
from commgen.phy.beams.pattern import beam_pattern, strongest_angle

_ANGLES = np.linspace(-90, 90, 721)
# Range of the gains that are drawn [dB].
_RANGE_DB = (-30.0, 8.0)


def save_patterns_figure(path: Path, h: Any, weights: Mapping[str, Any]) -> None:
    """Draw the patterns of some users' weights, a panel for each precoder.

    A line at the angle that a user's channel comes from most has its colour: there its
    own pattern should be high, and the others low.

    Parameters
    ----------
    path
        A ``.png``.
    h : [num_users, 1, num_tx_ant], complex
        Channels of at most seven users.
    weights
        Name to weights [num_users, num_tx_ant, 1] of these users.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.4 * len(weights), 3.6), layout="constrained")
    panels = figure.subplots(1, len(weights), squeeze=False, sharey=True)[0]
    angles = strongest_angle(np.asarray(h)[:, 0])
    for axes, (name, w) in zip(panels, weights.items(), strict=True):
        gains = 10 * np.log10(beam_pattern(np.asarray(w)[..., 0], _ANGLES) + 1e-9)
        for k, (gain, angle) in enumerate(zip(gains, angles, strict=True)):
            colour = COLOURS[k % len(COLOURS)]
            axes.plot(_ANGLES, gain, color=colour, label=f"user {k + 1}", linewidth=1.2)
            axes.axvline(angle, color=colour, linestyle=":", linewidth=1.2)
        tidy(axes, "angle from broadside [degree]")
        axes.set(title=name, xlim=(-90, 90), ylim=_RANGE_DB, xticks=range(-90, 91, 30))
    panels[0].set_ylabel("gain over the total power [dB]")
    panels[0].legend(fontsize=7, frameon=False, loc="upper right", ncols=2)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=75, format="png")
