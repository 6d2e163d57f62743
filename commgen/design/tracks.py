"""Good constellations along SNR: each found from its neighbour in more noise."""

from collections.abc import Sequence

import numpy as np

from commgen._progress import progress_bar
from commgen.design.climb import climb
from commgen.design.goal import ConstellationGoal
from commgen.design.limits import Limits
from commgen.design.symmetry import aligned
from commgen.design.variables import Variables
from commgen.frame.information import bit_loss

# Where a way begins [dB], and its steps: small ones end in the best one or near it,
# great ones in different ones.
_FIRST_DB, _SMALL_DB, _GREAT_DB = -3.0, 1.0, 4.0
# Part of the SNRs after which a way of great steps goes on by small ones.
_BRANCH = (0.3, 0.8)
_STEPS, _ORDER = 100, 10
_SHAKE = 1e-3


def tracks(
    num_bits_per_symbol: int,
    snr_db: Sequence[float],
    num_tracks: int,
    *,
    seed: int,
    progress: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Follow constellations of most GMI in white noise from one SNR to the next.

    Every other track comes up in small steps, which makes it the best one or nearly so;
    the others come up in great ones to some SNR, and go up and down from there. All
    are turned, mirrored and relabelled to be near the first one, so that a model sees
    what is the same as the same.

    Parameters
    ----------
    num_bits_per_symbol
        Of the constellations.
    snr_db : [num_snr], float
        Rising [dB].
    num_tracks
        Ways from random points.
    seed
        Of these.
    progress
        Show a progress bar.

    Returns
    -------
    points : [num_tracks, num_snr, 2**num_bits_per_symbol], complex128
        Of unit mean power.
    rates : [num_tracks, num_snr], float
        Bits that they carry.
    """
    found = []
    with progress_bar("following", num_tracks, unit="tracks", enabled=progress) as go:
        for track in range(num_tracks):
            rng = np.random.default_rng([seed, track])
            of = {"branching": track % 2 == 1}
            found.append(_track(num_bits_per_symbol, snr_db, rng, **of))
            go(1)
    points = np.stack([x for x, _ in found])
    middle = len(snr_db) // 2
    for x in points:
        _align(x, points[0], middle)
    return points, np.stack([rates for _, rates in found])


def _track(num_bits, snr_db, rng, *, branching=False):
    """Return points and rates of one track."""
    goal = ConstellationGoal(num_bits_per_symbol=num_bits, snr_db=tuple(snr_db))
    variables, limits = Variables(goal, shaped=False), Limits(goal)

    def up(z, at_db):
        z = z / np.sqrt(np.mean(z**2)) + _SHAKE * rng.standard_normal(len(z))
        return climb(variables, limits, z, at_db, _STEPS, _ORDER)

    first = int(len(snr_db) * rng.uniform(*_BRANCH)) if branching else 0
    z, step = variables.start(rng), _GREAT_DB if branching else _SMALL_DB
    for at_db in np.arange(min(_FIRST_DB, snr_db[0]), snr_db[first], step):
        z = up(z, at_db)
    found = {first: up(z, snr_db[first])}
    for i in range(first + 1, len(snr_db)):
        found[i] = up(found[i - 1], snr_db[i])
    for i in range(first - 1, -1, -1):
        found[i] = up(found[i + 1], snr_db[i])
    signals = [variables.read(found[i]) for i in range(len(snr_db))]
    nats = [
        bit_loss(s.points, s.log_p, goal.observed(at, _ORDER)).nats
        for s, at in zip(signals, snr_db, strict=True)
    ]
    return np.array([s.points for s in signals]), num_bits - np.array(nats) / np.log(2)


def _align(x, reference, middle) -> None:
    """Align a track [num_snr, M] in place: in the middle, then neighbour by neighbour.

    A rotation of a neighbour costs nothing, so a climb may have turned it.
    """
    x[middle] = aligned(x[middle], reference[middle])
    for way in (range(middle + 1, len(x)), range(middle - 1, -1, -1)):
        last = middle
        for i in way:
            x[i] = aligned(x[i], x[last])
            last = i
