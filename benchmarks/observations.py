"""Compare estimators of UMi-64 channels of which a receiver sees only so much.

    .venv/bin/python benchmarks/observations.py --models runs/demo/models

needs models of 64 antennas called lmmse and gmm. New channels are seen by half of the
antennas, through 16 chains, in coloured interference, by converters of one to three
bits, in noise of an unknown level, and over slots of a moving terminal. The table has
the NMSE of all 64 antennas with its 95 % interval, and the error that err_var promises.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen.channels import RECIPES, draw_channels
from commgen.channels.grid_config import GridConfig
from commgen.generative import load_model
from commgen.inference.observation import (
    LinearObservation,
    MixtureTracker,
    Quantizer,
    bussgang_lmmse,
    denoise_unknown_noise,
    infer,
    jakes_correlation,
    least_squares,
    linear_mmse,
    quantized_posterior,
)
from commgen.measures.decibel import to_db
from commgen.measures.error import nmse_interval

SIZE = 64
SPEED_M_S, SLOT_S, NUM_SLOTS = 3.0, 2e-3, 10
LIGHT_M_S = 299_792_458.0


def draw(num, seed, num_slots=1):
    """Draw channels [num, num_slots, 64], of terminals that move where slots > 1."""
    config = RECIPES["umi64"]
    if num_slots > 1:
        grid = GridConfig(num_time_steps=num_slots, time_step_s=SLOT_S)
        speed = {"speed_min_m_s": SPEED_M_S, "speed_max_m_s": SPEED_M_S}
        config = config.model_copy(update={"grid": grid, **speed})
    h = draw_channels(config, num, seed=seed).h
    return np.swapaxes(h[:, :, 0, :, 0], 1, 2)


def linear_observations(rng, no):
    """Return what is seen, by name."""
    mask = np.zeros(SIZE, bool)
    mask[rng.permutation(SIZE)[: SIZE // 2]] = True
    phases = np.exp(2j * np.pi * rng.random((1, 16, SIZE)))
    # An interferer of the channels' power from 20 degrees, over the noise.
    a = np.exp(1j * np.pi * np.arange(SIZE) * np.sin(np.deg2rad(20)))
    interference = no * np.eye(SIZE) + np.outer(a, a.conj())
    return {
        "all antennas": LinearObservation((SIZE,), None, no),
        "half of them": LinearObservation.masked(mask, no),
        "16 chains": LinearObservation.combined(phases / SIZE**0.5, no, (SIZE,)),
        "interference": LinearObservation.coloured(interference, (SIZE,)),
    }


class Rows:
    """Rows of the table."""

    def __init__(self, title):
        self.table = Table(title=title)
        for column in ("seen", "estimator", "NMSE [dB]", "promised", "CPU ms"):
            left = column in ("seen", "estimator")
            self.table.add_column(column, justify="left" if left else "right")

    def add(self, seen, name, h, estimate):
        """Add an estimator, which is a function without arguments."""
        started = time.process_time()
        posterior = estimate()
        cpu = (time.process_time() - started) / len(h)
        error = np.sum(np.abs(posterior.mean - h) ** 2, axis=1)
        power = np.sum(np.abs(h) ** 2, axis=1)
        value, low, high = (to_db(x) for x in nmse_interval(error, power))
        promised = to_db(posterior.err_var.sum() / power.sum())
        cells = f"{value:.2f} ({low:.2f} to {high:.2f})", f"{promised:.2f}"
        self.table.add_row(seen, name, *cells, f"{1e3 * cpu:.2g}")


def add_linear(rows, h, gmm, R, no, rng):
    for seen, observation in linear_observations(rng, no).items():
        y = observation.simulate(h, seed=1)
        rows.add(seen, "LS", h, lambda y=y, o=observation: least_squares(y, o))
        rows.add(seen, "LMMSE", h, lambda y=y, o=observation: linear_mmse(R, y, o))
        rows.add(seen, "GMM", h, lambda y=y, o=observation: infer(gmm, y, o))


def add_quantized(rows, h, gmm, R, no):
    observation = LinearObservation((SIZE,), None, no)
    y = observation.simulate(h, seed=1)
    for bits in (1, 2, 3):
        quantizer = Quantizer.matched(bits, 1 + no)
        q, seen = quantizer(y), f"{bits} bit"
        args = q, quantizer, observation
        # The levels themselves, as if there were no quantiser.
        rows.add(seen, "LS", h, lambda q=q: least_squares(q, observation))
        rows.add(seen, "Bussgang LMMSE", h, lambda a=args: bussgang_lmmse(R, *a))
        rows.add(seen, "GMM, EP", h, lambda a=args: quantized_posterior(gmm, *a))


def add_noise(rows, h, gmm, no):
    h = h[: len(h) // 16 * 16]
    y = LinearObservation((SIZE,), None, no).simulate(h, seed=1)
    for size in (1, 4, 16):
        groups, unknown = np.arange(len(h)) // size, LinearObservation((SIZE,))
        rows.add(
            f"noise from {size}",
            "GMM",
            h,
            lambda g=groups, o=unknown: denoise_unknown_noise(gmm, y, o, groups=g)[0],
        )


class Last:
    """The last slot of a posterior of sequences."""

    def __init__(self, posterior):
        self.mean, self.err_var = posterior.mean[:, -1], posterior.err_var[:, -1]


def add_tracking(rows, h, gmm, lmmse, no):
    observation = LinearObservation((SIZE,), None, no)
    y = [observation.simulate(h[:, t], seed=t) for t in range(NUM_SLOTS)]
    doppler_hz = SPEED_M_S * RECIPES["umi64"].carrier_hz / LIGHT_M_S
    a = jakes_correlation(doppler_hz, SLOT_S)
    seen, last = f"slot {NUM_SLOTS}", h[:, -1]
    rows.add(seen, "LS", last, lambda: least_squares(y[-1], observation))
    rows.add(seen, "GMM, this slot", last, lambda: infer(gmm, y[-1], observation))
    for name, prior in (("LMMSE", lmmse), ("GMM", gmm)):
        tracker = MixtureTracker(prior, a, full=False)
        rows.add(
            seen,
            f"{name}, tracked",
            last,
            lambda one=tracker: Last(one.track(y, observation)),
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("runs/demo/models"))
    parser.add_argument("--num-channels", type=int, default=400)
    parser.add_argument("--snr-db", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=900)
    args = parser.parse_args()
    gmm, lmmse = (load_model(args.models / name) for name in ("gmm", "lmmse"))
    R = lmmse.mixture.component(0).matrix()
    no = 10 ** (-args.snr_db / 10)
    h = draw(args.num_channels, args.seed)[:, 0]
    rows = Rows(f"{args.num_channels} UMi-64 channels at {args.snr_db:g} dB")
    add_linear(rows, h, gmm, R, no, np.random.default_rng(args.seed))
    add_quantized(rows, h, gmm, R, no)
    add_noise(rows, h, gmm, no)
    moving = draw(args.num_channels, args.seed + 1, NUM_SLOTS)
    add_tracking(rows, moving, gmm, lmmse, no)
    Console().print(rows.table)


if __name__ == "__main__":
    main()
