"""Measure whether a model of fading knows Doppler: its autocorrelation against Jakes.

    .venv/bin/python benchmarks/fading.py

A stationary autoregressive model learns Clarke's fading (sums of 32 plane waves) of
Doppler shifts up to 0.12 of the sampling rate, given as its condition, and draws
sequences four times as long as those it learned from, at shifts that it is given. The
table gives the RMS deviation of the autocorrelation from J0(2 pi f_d k T) over 33 lags,
of the samples and of as many draws of the truth.
"""

import argparse

import keras
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.special import j0

from commgen.generative import Autoregressive, TrainingConfig

_LAGS = np.arange(33)


def clarke(rng, shift, num_steps, num_paths=32):
    """Draw fading [n, num_steps] of Doppler shifts [n], in units of the rate."""
    n = len(shift)
    angle, phase = rng.uniform(0, 2 * np.pi, (2, n, num_paths, 1))
    turn = 2 * np.pi * shift[:, None, None] * np.cos(angle) * np.arange(num_steps)
    return np.exp(1j * (turn + phase)).sum(axis=1) / np.sqrt(num_paths)


def deviation(h, shift):
    """RMS deviation of the autocorrelation of h from J0."""
    power = np.mean(np.abs(h) ** 2)
    length = h.shape[1]
    found = [np.mean(h[:, k:] * h[:, : length - k].conj()).real for k in _LAGS]
    return np.sqrt(
        np.mean((np.array(found) / power - j0(2 * np.pi * shift * _LAGS)) ** 2)
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-train", type=int, default=6000)
    parser.add_argument("--num-steps", type=int, default=32)
    parser.add_argument("--num-epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=900)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    shift = rng.uniform(0, 0.12, args.num_train)
    h = clarke(rng, shift, args.num_steps).astype(np.complex64)
    keras.utils.set_random_seed(args.seed)
    model = Autoregressive(
        (args.num_steps,), 0, over_time=True, num_mixtures=1, width=64, num_conditions=1
    )
    training = TrainingConfig(
        num_epochs=args.num_epochs, batch_size=128, learning_rate=5e-3
    )
    model.fit(h, shift[:, None], seed=args.seed, training=training, progress=True)
    table = Table(title="RMS deviation of the autocorrelation from J0, 33 lags")
    for column in ("f_d T", "drawn", "truth"):
        table.add_column(column, justify="right")
    for value in (0.01, 0.03, 0.05, 0.1):
        drawn = model.sample_sequence(2000, 4 * args.num_steps, [value], seed=args.seed)
        truth = clarke(rng, np.full(2000, value), 4 * args.num_steps)
        cells = (f"{deviation(x, value):.4f}" for x in (drawn, truth))
        table.add_row(f"{value:g}", *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
