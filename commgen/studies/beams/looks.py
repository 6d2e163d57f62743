"""Best of 64 beams of UMi-64 from eight looks: what is promised, and what is met."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance
from commgen.measures.intervals import RatioSums, mean_interval, share_interval
from commgen.studies.beams.looks_figure import save_looks_figure
from commgen.studies.seeds import part_seed
from commgen.studies.sets import umi64_set
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

TITLE, CALIBRATION = "Best beam by 8 looks", "Promised and met"
NUM_LOOKS, SNR_DB = 8, 20.0
STRONGEST, RSRP = "even beams, strongest heard", "even beams, powers alone"
GAUSSIAN, RANDOM = "random phases, LMMSE", "random phases, mixture"
NARROWING = "narrowing, mixture"
SWEEP = "all 64 beams, strongest heard"
#: Share of channels and of power that was asked for, and how far off promises may be.
GOALS = {"right": 0.35, "share": 0.70, "off": 0.02}
# Channels searched side by side.
_CHUNK = 100
_BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class LooksSize:
    """How much is learned and judged.

    Parameters
    ----------
    num_components
        Of the mixture, which is Toeplitz.
    num_wide
        Looks at many beams, before those at one.
    num_draws
        Of the posterior of a channel, before each look and twice as many at last.
    num_test
        Channels that are judged.
    quick
        Few channels to learn from.
    """

    num_components: int = 256
    num_wide: int = 4
    num_draws: int = 256
    num_test: int = 800
    quick: bool = False


#: In seconds but for the channels; the figures mean little.
QUICK = LooksSize(4, 4, 32, 40, True)


def looks_study(
    output: Path, size: LooksSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn what channels there are, and search the best beam of others.

    Parameters
    ----------
    output
        Folder of channels, of the model ``prior``, of steps and a picture.
    size
        How much.
    seed
        Seed of everything.
    asked
        Gets :data:`GOALS` beside what is reached.

    Returns
    -------
    dict
        Title to rows: how often each rule is right and how much power it finds, and how
        often what is promised of a beam is met.
    """
    stages, told = Stages(output / "stages"), [seed, asdict(size)]
    known = _Known(output, size, seed)
    found = stages.result("baselines", told, known.baselines)
    for name, search in known.searches().items():
        file = name.replace(", ", "-").replace(" ", "-").lower()
        found |= stages.result(file, told, search)
    top = np.array(stages.result("best", told, known.best))
    curves = {
        name: [x @ top / top.sum() for x in one["shares"]]
        for name, one in found.items()
        if name != SWEEP
    }
    panels = {f"UMi-64, {SNR_DB:g} dB a look": curves}
    label = "power over that of the best beams"
    save_looks_figure(output / "share.png", panels, label, first=1)
    rows = [_row(name, one, top) for name, one in found.items()]
    for row in rows:
        if row["rule"].startswith(NARROWING):
            _judge(asked, row)
    return {TITLE: rows, CALIBRATION: _calibration(found)}


class _Known:
    """Channels and priors, made when a step first needs them."""

    def __init__(self, output: Path, size: LooksSize, seed: int):
        self._output, self._size, self._seed = output, size, seed
        self._made: tuple[Any, ...] | None = None
        n = 64
        self._beams = np.exp(2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n) / 8
        self._no = float(noise_variance(SNR_DB))

    def _parts(self):
        """Return channels to learn from and to judge, and the noise of all looks."""
        if self._made is None:
            found = umi64_set(
                self._output / "data", seed=self._seed, quick=self._size.quick
            )
            train, test = (x.h.reshape(len(x.h), -1) for x in (found.train, found.test))
            test = test[: self._size.num_test]
            rng = np.random.default_rng(part_seed(self._seed, "beams/looks noise"))
            noise = np.sqrt(self._no) * complex_normal(rng, (len(test), 64))
            self._made = train, test, noise
        return self._made

    def prior(self, name: str):
        """Return a mixture, fitted if it is not: ``one`` or ``mixture``."""
        from commgen.generative import GaussianMixture, load_model

        folder = self._output / name
        num = self._size.num_components if name == "mixture" else 1

        def fit() -> dict[str, int]:
            train = self._parts()[0]
            # A line of antennas that is read from its other end is as likely.
            both = np.concatenate([train, train[:, ::-1]])
            model = GaussianMixture(train.shape[1:], num, "toeplitz")
            model.fit(both, seed=part_seed(self._seed, "beams/looks prior"))
            model.save(folder)
            return {"num_components": num}

        told = [self._seed, num, self._size.quick]
        Stages(self._output / "stages").result(f"model-{name}", told, fit)
        return load_model(folder)

    def best(self) -> list[float]:
        """Return the power of the best beam of each channel."""
        return np.max(np.abs(self._parts()[1] @ self._beams.conj()) ** 2, 1).tolist()

    def baselines(self) -> dict[str, Any]:
        """Return what is chosen from single beams alone, without a posterior."""
        from commgen.phy.looks import EvenLooks

        train, h, noise = self._parts()
        even = EvenLooks(self._beams, NUM_LOOKS)
        at = [even.index(step) for step in range(NUM_LOOKS)]
        g = h @ self._beams.conj()
        heard = np.abs(g[:, at] + noise[:, :NUM_LOOKS]) ** 2
        q = np.abs(train @ self._beams.conj()) ** 2
        seen = q[:, at] + self._no
        mean = seen.mean(axis=0), q.mean(axis=0)
        spread = (seen - mean[0]).T @ (seen - mean[0])
        gain = np.linalg.solve(spread, (seen - mean[0]).T @ (q - mean[1]))
        guessed = mean[1] + (heard - mean[0]) @ gain
        chosen = {
            STRONGEST: np.array(at)[heard.argmax(axis=1)],
            RSRP: guessed.argmax(axis=1),
            SWEEP: np.abs(g + noise).argmax(axis=1),
        }
        return {name: _found(g, [beam], None, None) for name, beam in chosen.items()}

    def searches(self) -> dict[str, Any]:
        """Return name to what makes the result of rules that have a posterior."""
        from commgen.phy.looks import NarrowingLooks, RandomPhaseLooks

        random = RandomPhaseLooks(self._beams)
        narrow = NarrowingLooks(self._beams, self._size.num_wide, no=self._no)
        return {
            NARROWING: lambda: self._search(NARROWING, "mixture", narrow),
            RANDOM: lambda: self._search(RANDOM, "mixture", random),
            GAUSSIAN: lambda: self._search(GAUSSIAN, "one", random),
        }

    def _search(self, name, prior, rule) -> dict[str, Any]:
        """Search channels chunk by chunk; return what both last choices reach."""
        model, (_, h, noise) = self.prior(prior), self._parts()
        told = []
        for i in range(0, len(h), _CHUNK):
            rows = slice(i, i + _CHUNK)
            told.append(self._chunk(model, rule, h[rows], noise[rows], i // _CHUNK))
        beams, promised, shares = (
            np.concatenate([t[j] for t in told], axis=-1) for j in range(3)
        )
        g = h @ self._beams.conj()
        return {
            f"{name}, {by}": _found(g, beams[j], promised[j], shares[j])
            for j, by in enumerate(("likeliest", "most power"))
        }

    def _chunk(self, model, rule, h, noise, chunk):
        """Return the beams after each look and what is promised, by both choices."""
        from commgen.phy.looks import BeamSearch

        search = BeamSearch(
            model,
            rule,
            len(h),
            no=self._no,
            num_draws=self._size.num_draws,
            seed=part_seed(self._seed, "beams/looks search", chunk),
        )
        at, found = np.arange(len(h)), []
        for step in range(NUM_LOOKS):
            w = search.next_look()
            search.tell(np.sum(w.conj() * h, axis=1) + noise[:, step])
            chances = search.chances(
                self._size.num_draws * (1 + (step == NUM_LOOKS - 1))
            )
            beams = [x.argmax(axis=1) for x in (chances.p_best, chances.share)]
            found.append(
                [(b, chances.p_best[at, b], chances.share[at, b]) for b in beams]
            )
        # [num_looks, choice, what, channel] -> beams, promises of the last look
        beams = np.array([[one[0] for one in step] for step in found]).swapaxes(0, 1)
        last = np.array([[one[1:] for one in found[-1]]])[0]
        return beams, last[:, 0], last[:, 1]


def _found(g, beams, promised, shares) -> dict[str, Any]:
    """Return rightness and power of beams chosen after each look."""
    q = np.abs(np.asarray(g, np.complex128)) ** 2
    at, top = np.arange(len(q)), q.max(axis=1)
    return {
        "right": (q.argmax(axis=1) == beams[-1]).astype(int).tolist(),
        "shares": [(q[at, beam] / top).tolist() for beam in beams],
        "promised": None if promised is None else np.asarray(promised).tolist(),
        "promised_shares": None if shares is None else np.asarray(shares).tolist(),
    }


def _row(name, one, top) -> dict[str, Any]:
    """Return rates and powers; ``share`` is a ratio of sums, as of a cell's power."""
    right, last = share_interval(one["right"]), np.array(one["shares"][-1])
    sums = RatioSums.of(last * top, top)
    share, mean = (sums.ratio(), *sums.interval()), mean_interval(last)
    promised, shares = (
        None if one[key] is None else float(np.mean(one[key]))
        for key in ("promised", "promised_shares")
    )
    return {
        "rule": name,
        "right": right.share,
        "right_low": right.low,
        "right_high": right.high,
        "promised_right": promised,
        "share": share[0],
        "share_low": share[1],
        "share_high": share[2],
        "mean_share": mean[0],
        "mean_share_low": mean[1],
        "mean_share_high": mean[2],
        "promised_mean_share": shares,
    }


def _calibration(found) -> Rows:
    """Return how often beams are best that were promised to be so, by the promise."""
    rows = []
    for name, one in found.items():
        if one["promised"] is None or name.startswith(GAUSSIAN):
            continue
        p, right = np.array(one["promised"]), np.array(one["right"])
        for low, high in pairwise(_BINS):
            inside = (p > low) & (p <= high)
            if inside.sum() < 2:
                continue
            met = share_interval(right[inside])
            rows.append(
                {
                    "rule": name,
                    "above": low,
                    "to": high,
                    "channels": int(inside.sum()),
                    "promised": float(p[inside].mean()),
                    "met": met.share,
                    "met_low": met.low,
                    "met_high": met.high,
                }
            )
    return rows


def _judge(asked, row) -> None:
    where = f"best beam by 8 looks, {row['rule']}"
    for key, label in (("right", "best beam found"), ("share", "share of its power")):
        told = f"{row[key]:.3f} ({row[f'{key}_low']:.3f} to {row[f'{key}_high']:.3f})"
        goal = GOALS[key]
        asked(f"{where}, {label}", f">= {goal:g}", told, row[f"{key}_low"] >= goal)
    off = row["promised_right"] - row["right"]
    asked(
        f"{where}, promised less met",
        f"within {GOALS['off']:g}",
        f"{off:+.3f}",
        abs(off) <= GOALS["off"],
    )
