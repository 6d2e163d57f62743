"""Expectation-maximisation over nodes, against the same channels in one place.

python benchmarks/federated_em.py            # eight cells of 500 channels
python benchmarks/federated_em.py --quick
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._files.tables import write_csv
from commgen.federated.mixture.answers import Channels, answer
from commgen.federated.mixture.climb import climb, principal_of
from commgen.federated.mixture.fit import fit_mixture
from commgen.federated.tasks import Task
from commgen.generative import GaussianMixture
from commgen.generative.mixture import em
from commgen.generative.mixture.em import COVARIANCES, ChannelData
from commgen.generative.mixture.filter import mixture_moments
from commgen.measures.decibel import noise_variance
from commgen.studies.federated.cells import drawn_cells

SNR_DB = tuple(range(-10, 21, 5))
STEPS = 10
RANK = 8


@dataclass(frozen=True)
class Size:
    """Of the comparison."""

    num_cells: int = 8
    train: int = 500
    test: int = 300
    num_components: int = 16
    seeds: tuple[int, ...] = (0, 1, 2)


QUICK = Size(num_cells=3, train=100, test=60, num_components=4, seeds=(0,))


class Nodes:
    """Asked here, one after the other; their answers add as a weighted mean does."""

    def __init__(self, channels):
        self._channels, self.num_asked, self.num_bytes = channels, 0, 0

    def __call__(self, what, arrays, settings):
        """Return the sums over all channels."""
        self.num_asked += 1
        task = Task(what, self.num_asked, arrays, settings)
        answers = [answer(task, channels) for channels in self._channels]
        n = sum(a.num_examples for a in answers)
        self.num_bytes += sum(v.nbytes for v in answers[0].arrays.values())
        share = [a.num_examples / n for a in answers]
        return {
            name.removeprefix("sums/"): n
            * np.sum(
                [p * a.arrays[name] for p, a in zip(share, answers, strict=True)],
                axis=0,
            )
            for name in answers[0].arrays
        }


def main():
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few channels")
    parser.add_argument("--covariance", choices=COVARIANCES, action="append")
    parser.add_argument("--output", type=Path, default="runs/benchmarks/federated_em")
    args = parser.parse_args()
    size = QUICK if args.quick else Size()
    parts = {"train": size.train, "validation": 20, "test": size.test}
    folder = args.output / ("quick" if args.quick else "full")
    folder.mkdir(parents=True, exist_ok=True)
    cells = drawn_cells(folder, size.num_cells, parts, seed=1)
    channels = [Channels(cell.train) for cell in cells]
    test = np.concatenate([cell.test for cell in cells])
    covariances = args.covariance or COVARIANCES
    rows = []
    for seed in (None, *size.seeds):
        for covariance in covariances:
            given = covariance, channels, test, size
            row = _same_start(*given) if seed is None else _own_start(*given, seed)
            rows.append(row)
            write_csv(folder / "federated_em.csv", rows, tuple(row))
    _show(rows)


def _same_start(covariance, channels, test, size):
    """Go ten steps from one start, there and here.

    Of Toeplitz covariances both take sums in double precision: a fit in one place has
    single, of which its steps make several millionths.
    """
    model = _model(covariance, channels, size)
    form = model._structure(None, STEPS)
    h = np.concatenate([c.flat for c in channels])
    exact = h.astype(np.complex128) if covariance == "toeplitz" else h
    data, nodes = ChannelData(exact, form), Nodes(channels)
    r = em.initial_responsibilities(h, size.num_components, form.fourier, 0)
    here = there = em.maximisation(data.statistics(r), form)
    principal = principal_of(nodes, form)
    steps = []
    for _ in range(STEPS):
        step, _ = climb(nodes, here, form, principal, max_iterations=1)
        r, _ = em.expectation(here, h)
        here = em.maximisation(data.statistics(r), form, here)
        steps.append(_distance(step, here))
        there, _ = climb(nodes, there, form, principal, max_iterations=1)
    nats = [em.expectation(m, h)[1] for m in (there, here)]
    db = [_nmse_db(m, test) for m in (there, here)]
    return _row(covariance, "same", 0, max(steps), nats, db, nodes)


def _own_start(covariance, channels, test, size, seed):
    """Fit there, and here, each from a start of its own; held-out channels judge."""
    nodes = Nodes(channels)
    there = fit_mixture(nodes, _model(covariance, channels, size), seed=seed)
    h = np.concatenate([c.h for c in channels])
    here = _model(covariance, channels, size).fit(h, seed=seed)
    nats = [float(m.log_prob(h).mean()) for m in (there, here)]
    db = [_nmse_db(m.mixture, test) for m in (there, here)]
    return _row(covariance, "own", seed, float("nan"), nats, db, nodes)


def _model(covariance, channels, size):
    shape = channels[0].h.shape[1:]
    rank = {"rank": RANK} if covariance == "low-rank" else {}
    return GaussianMixture(shape, size.num_components, covariance, **rank)


def _distance(a, b) -> float:
    """Return the largest relative difference of weights and of covariances."""
    weights = np.abs(np.expm1(a.log_weights - b.log_weights)).max()
    far = [weights]
    for k in range(len(a.log_weights)):
        R, S = (m.component(k).matrix() for m in (a, b))
        far.append(np.linalg.norm(R - S) / np.linalg.norm(S))
    return float(max(far))


def _nmse_db(mixture, h) -> float:
    h, rng = h.reshape(len(h), -1), np.random.default_rng(3)
    values = []
    for snr_db in SNR_DB:
        no = noise_variance(snr_db)
        noise = rng.normal(size=(*h.shape, 2)) @ [1, 1j] * (no / 2) ** 0.5
        h_hat, _ = mixture_moments(mixture, h + noise, None, np.full(len(h), no))
        error = np.sum(np.abs(h_hat - h) ** 2) / np.sum(np.abs(h) ** 2)
        values.append(10 * np.log10(error))
    return float(np.mean(values))


def _row(covariance, start, seed, step, nats, db, nodes):
    return {
        "covariance": covariance,
        "start": start,
        "seed": seed,
        "step": step,
        "nats_federated": nats[0],
        "nats_less": nats[1] - nats[0],
        "nmse_federated_db": db[0],
        "nmse_more_db": db[0] - db[1],
        "rounds": nodes.num_asked,
        "kb_a_node": nodes.num_bytes / 1000,
    }


def _show(rows):
    table = Table(
        *(
            "covariance",
            "start",
            "seed",
            "a step, relative",
            "nats",
            "less than central",
        ),
        *("NMSE dB", "more than central", "rounds", "kB sent by a node"),
    )
    for row in rows:
        table.add_row(
            row["covariance"],
            row["start"],
            str(row["seed"]),
            "" if np.isnan(row["step"]) else f"{row['step']:.1e}",
            f"{row['nats_federated']:.3f}",
            f"{row['nats_less']:.2e}",
            f"{row['nmse_federated_db']:.3f}",
            f"{row['nmse_more_db']:.4f}",
            str(row["rounds"]),
            f"{row['kb_a_node']:,.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
