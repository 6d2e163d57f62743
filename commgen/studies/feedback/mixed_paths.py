"""Two users of few or many paths, with one model for all: 30 bits of what they hear."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.npz import read_npz, write_npz
from commgen.studies.feedback import path_users as users
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Rows

NUM_PATHS = (2, 4, 8)
_PARTS, _ROWS = 2, 100
_FILE = "codebook.npz"


@dataclass(frozen=True)
class MixedSize:
    """How much is learned and drawn.

    Parameters
    ----------
    num_paths
        Of the users that are judged.
    num_pairs, num_bound
        Pairs of users, and those of them whose unquantised estimates are used too.
    num_sets
        Sets of angles of the estimator: so many of four paths, fewer of others.
    num_word_bits
        Of each of the two words of a report.
    num_rounds, num_learned
        Of the codebook, and vectors in each round.
    num_draws, wmmse_steps
        Channels of each belief that sampled WMMSE is shown, and its steps.
    """

    num_paths: tuple[int, ...] = (4, 8)
    num_pairs: int = 2000
    num_bound: int = 200
    num_sets: int = 40_000
    num_word_bits: int = 15
    num_rounds: int = 3
    num_learned: int = 50_000
    num_draws: int = 400
    wmmse_steps: int = 10


class OneModel:
    """What all users and the base station share: pilots, prior and codebook."""

    def __init__(self, folder: Path, pilots: np.ndarray, size: MixedSize, seed: int):
        self.pilots, self._size, self._seed = pilots, size, seed
        self._codec, self._error = self._learned(folder)

    def _learned(self, folder):
        """Return the codec, and the mean power of an entry's error."""
        from commgen.phy.feedback import ProductCodec, learn_codebook

        size, path = self._size, folder / _FILE
        told = {
            "seed": self._seed,
            "sizes": [size.num_word_bits, size.num_rounds, size.num_learned],
            "pilots": hashlib.sha256(self.pilots.tobytes()).hexdigest(),
        }

        def learn():
            y = self._heard(size.num_rounds * size.num_learned, 0)
            book = learn_codebook(
                y / np.sqrt(np.mean(np.abs(y) ** 2)),
                size.num_word_bits,
                _PARTS,
                seed=part_seed(self._seed, "feedback/mixed codebook"),
                num_rounds=size.num_rounds,
            )
            write_npz(path, {"codebook": book})
            codec = ProductCodec(book, _PARTS)
            y = self._heard(600, 1)
            power = float(np.mean(np.abs(y) ** 2))
            found = codec.decode(codec.encode(y / np.sqrt(power))).mean
            inner = np.abs(np.sum(found.conj() * y, axis=1)) ** 2
            share = inner / np.sum(np.abs(found) ** 2, axis=1)
            lost = np.sum(np.abs(y) ** 2, axis=1) - share
            return {"error": float(lost.mean()) / y.shape[1], "power": power}

        found = Stages(folder / "stages").result("codebook", told, learn)
        codec = ProductCodec(read_npz(path)["codebook"], _PARTS)
        self._power = found["power"]
        return codec, found["error"]

    def _heard(self, num, index) -> np.ndarray:
        """Return what users of all numbers of paths hear, to learn from."""
        shares = []
        for i, paths in enumerate(NUM_PATHS):
            at = index * len(NUM_PATHS) + i
            own = part_seed(self._seed, "feedback/mixed learning", at)
            h = users.draw_users(-(-num // len(NUM_PATHS)), paths, seed=own)
            noise = part_seed(self._seed, "feedback/mixed learning noise", at)
            shares.append(users.observed(h, self.pilots, seed=noise))
        return np.concatenate(shares)

    @property
    def num_bits(self) -> int:
        """Bits of a report."""
        return self._codec.num_bits

    def prior(self, no: float) -> Any:
        """Return the posterior's prior, under a noise variance."""
        from commgen.inference.parameters import DrawnPaths

        num = self._size.num_sets
        return DrawnPaths(
            users.AXIS,
            self.pilots.T,
            no,
            {2: -(-num // 3), 4: num, 8: -(-2 * num // 3)},
            seed=part_seed(self._seed, "feedback/mixed sets"),
        )

    def read(self, y: np.ndarray) -> np.ndarray:
        """Return what the base station reads of reports of y, up to the phase."""
        report = self._codec.encode(y / np.sqrt(self._power))
        return self._codec.decode(report).mean * np.sqrt(self._power)

    def rates(self, h: np.ndarray, y: np.ndarray, no: float) -> dict[str, np.ndarray]:
        """Return sum rates of pairs from what is known of y, by precoder."""
        prior, zf, sampled = self.prior(no), [], []
        own = part_seed(self._seed, "feedback/mixed draws")
        for i in range(0, len(h), _ROWS):
            found = prior.posterior(
                y[i : i + _ROWS], num_samples=self._size.num_draws, seed=own
            )
            here = h[i : i + _ROWS]
            zf.append(users.pair_rates(here, found.mean))
            sampled.append(
                users.pair_rates_sampled(here, found.samples, self._size.wmmse_steps)
            )
        return {"ZF": np.concatenate(zf), "sampled WMMSE": np.concatenate(sampled)}

    @property
    def noise_read(self) -> float:
        """Noise variance of what is read: heard with noise, and quantised."""
        return users.NO + self._error


def mixed_rates(model: OneModel, paths: int, size: MixedSize, seed: int) -> Rows:
    """Return sum rates of users of so many paths, in all ways."""
    from commgen.measures import mean_interval

    index = NUM_PATHS.index(paths)
    own = part_seed(seed, "feedback/mixed users", index)
    h = users.draw_users(2 * size.num_pairs, paths, seed=own)
    noise = part_seed(seed, "feedback/mixed noise", index)
    y = users.observed(h, model.pilots, seed=noise)
    few = slice(0, 2 * size.num_bound)
    found: dict[tuple[str, int | None], np.ndarray] = {
        ("ZF scaled as a whole, channels known", None): users.pair_rates_as_published(
            h
        ),
        ("ZF, channels known", None): users.pair_rates(h, h),
    }
    for name, rates in model.rates(h[few], y[few], users.NO).items():
        found[f"what is heard as it is, {name}", None] = rates
    told = model.read(y)
    for name, rates in model.rates(h, told, model.noise_read).items():
        found[f"words of what is heard, {name}", model.num_bits] = rates
    rows = []
    for (name, bits), rates in found.items():
        rate, low, high = mean_interval(rates)
        row = {"num_paths": paths, "way": name, "num_bits": bits}
        rows.append(
            {**row, "num_pairs": len(rates), "rate": rate, "low": low, "high": high}
        )
    return rows
