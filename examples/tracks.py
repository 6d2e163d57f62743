"""The best beam along tracks through a city, and which one comes next.

    commgen datasets make examples/tracks.yaml -n 3072 --seed 1 -o tracks.h5
    python examples/tracks.py tracks.h5 tracks.png

Draws the tracks, and prints how well the next best beam is foretold: by the last one,
by the two last ones (a Markov chain that counts over other tracks), and by the best
beam at the nearest place of other tracks.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from commgen.datasets import read_channels
from commgen.measures.intervals import RatioSums, share_interval

NUM_LEARNED = 0.5  # share of the tracks, the first ones, that others learn from


def load(path):
    """Return power of beams [tracks, steps, beams], places [m], and line of sight."""
    h, _, labels = read_channels(path)
    num_steps = int(labels["step"].max()) + 1
    num = len(h) // num_steps
    h = h.reshape(len(h), -1)[: num * num_steps]
    power = np.abs(np.fft.fft(h, axis=1, norm="ortho")) ** 2
    place = np.stack([labels["x_m"], labels["y_m"]], axis=1)
    return tuple(
        x[: num * num_steps].reshape(num, num_steps, *x.shape[1:])
        for x in (power, place, labels["los"])
    )


def forecasts(power, place):
    """Return name to the beam foretold for each step from the third on."""
    best, learned = power.argmax(axis=-1), round(NUM_LEARNED * len(power))
    size = power.shape[-1]
    before, last, after = best[:, :-2], best[:, 1:-1], best[:, 2:]
    # How far the beam moved, and how far it moves then.
    moved, moves = (last - before) % size, (after - last) % size
    counts = np.zeros((size, size))
    np.add.at(counts, (moved[:learned].ravel(), moves[:learned].ravel()), 1.0)
    counts[:, 0] += 0.5  # a move that was never seen: it stays
    known, beams = place[:learned].reshape(-1, 2), best[:learned].ravel()
    ahead = 2 * place[:, 1:-1] - place[:, :-2]
    gap = np.linalg.norm(ahead[..., None, :] - known, axis=-1)
    near = gap.argmin(axis=-1)
    return {
        "last beam": last,
        "two last beams, Markov chain": (last + counts.argmax(axis=1)[moved]) % size,
        "nearest place of other tracks": beams[near],
    }


def judge(power, beam, rows):
    """Return share right and share of power with intervals, by tracks."""
    power, track = power[:, 2:], np.nonzero(rows)[0]
    reached = np.take_along_axis(power, beam[..., None], axis=-1)[..., 0]
    right = share_interval((reached == power.max(axis=-1))[rows], groups=track)
    there = [np.where(rows, x, 0).sum(axis=1) for x in (reached, power.max(axis=-1))]
    share = RatioSums.of(*(x[rows.any(axis=1)] for x in there))
    return right, (share.ratio(), *share.interval())


def show(power, place, los):
    """Print a row for each forecast, of tracks that nothing learned from."""
    learned = round(NUM_LEARNED * len(power))
    seen = (power.sum(axis=-1) > 0)[:, 2:] & (power.sum(axis=-1) > 0)[:, 1:-1]
    seen[:learned] = False
    now, then = los[:, 2:], los[:, 1:-1]
    kinds = {
        "all steps": seen,
        "in sight": seen & now & then,
        "blocked": seen & ~now & ~then,
        "sight won or lost": seen & (now != then),
    }
    for title, rows in kinds.items():
        if not rows.any():
            continue
        print(f"{title}: {rows.sum()} steps")
        for name, beam in forecasts(power, place).items():
            right, share = judge(power, beam, rows)
            told = [
                f"{v:.3f} ({low:.3f}-{high:.3f})" for v, low, high in (right, share)
            ]
            print(f"  {name:32s} right {told[0]}, share of the power {told[1]}")


def draw(path, power, place, los):
    """Draw a map of the tracks, and power and best beam along one of them."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
    for name, rows, colour in (
        ("in sight", los, "#0072B2"),
        ("blocked", ~los, "#D55E00"),
    ):
        left.plot(*place[rows].T, ".", ms=2.5, color=colour, label=name)
    left.plot(8.5, 21.0, "k^", label="base station")
    left.set(xlabel="x [m]", ylabel="y [m]", aspect="equal")
    left.legend(fontsize=7, loc="upper right")
    whole = (power.sum(axis=-1) > 0).all(axis=1)
    changes = np.sum(los[:, 1:] != los[:, :-1], axis=1) * whole
    track = int(changes.argmax())
    left.plot(*place[track].T, "-", color="#000000", lw=1)
    level = 10 * np.log10(power[track] / power[track].max() + 1e-9)
    seen = np.fft.fftshift(level.T, axes=0)
    image = right.imshow(seen, aspect="auto", vmin=-40, cmap="viridis", origin="lower")
    best = (power[track].argmax(axis=-1) + seen.shape[0] // 2) % seen.shape[0]
    right.plot(best, "w.", ms=4)
    for step in np.flatnonzero(~los[track]):
        right.axvspan(step - 0.5, step + 0.5, ymax=0.03, color="#D55E00")
    right.set(
        xlabel="step, blocked where marked", ylabel="beam, broadside in the middle"
    )
    figure.colorbar(image, label="power over the strongest [dB]")
    figure.savefig(path, dpi=80)


def main(file, picture):
    """Print the table, and draw the picture."""
    tracks = load(Path(file))
    show(*tracks)
    draw(picture, *tracks)


if __name__ == "__main__":
    main(*sys.argv[1:])
