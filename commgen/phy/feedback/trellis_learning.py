"""Tables of a trellis codec, learned from the paths that channels take."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.generative.model import check_channels
from commgen.phy.feedback.steered import SteeredMixture
from commgen.phy.feedback.trellis_codec import Paths, TrellisCodec
from commgen.phy.feedback.trellis_tables import TrellisTables, gaussian_tables


def learn_tables(
    model: SteeredMixture,
    h: Any,
    prices: Sequence[float],
    *,
    num_states: int = 32,
    num_rounds: int = 4,
) -> TrellisTables:
    """Learn chances, values and errors of levels, for all prices together.

    In turn, paths of least error and bits are found and the tables made to follow them:
    the generalised Lloyd algorithm of entropy-coded vector quantisers (Chou, Lookabaugh
    and Gray, IEEE Trans. Acoust., Speech, Signal Process. 37, 1989).

    Parameters
    ----------
    model
        Fitted.
    h : [n, N], complex
        Channels, none that prices are set on.
    prices
        Of a bit.
    num_states
        Of the trellis.
    num_rounds
        How often; all but the last take the likeliest component of a channel.
    """
    check_int("num_rounds", num_rounds, low=1)
    h = check_channels("h", h, model.event_shape)
    tables = gaussian_tables(num_states)
    chosen = {}
    for last in [False] * (num_rounds - 1) + [True]:
        sums = [np.zeros(tables.points.shape) for _ in range(3)]
        for price in prices:
            codec = TrellisCodec(model, tables, price)
            if price not in chosen:
                chosen[price] = codec.likeliest(h, 1)[:, 0]
            paths = codec.searched(h) if last else codec.paths(h, chosen[price])
            _add(sums, codec, paths, tables.ends)
        tables = tables.learned(*sums)
    return tables


def _add(sums, codec: TrellisCodec, paths: Paths, ends) -> None:
    for x, levels, which in zip(paths.x, paths.levels, paths.which, strict=True):
        sent = codec.sent_of(which)
        rows = 2 * which
        rows[: len(sent)] = codec.rows(sent, levels[: len(sent)])
        inside = np.abs(levels) <= ends[rows]
        at = rows[inside], levels[inside] + ends[rows[inside]]
        for power, total in enumerate(sums):
            np.add.at(total, at, x[inside] ** power)
