"""Sum rates of a cell whose users report their channels in so many bits."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from commgen.measures import mean_interval
from commgen.measures.decibel import noise_variance
from commgen.phy.feedback import (
    Codec,
    MixtureTransformCodec,
    RateTransformCodec,
    TrellisCodec,
)
from commgen.studies.feedback.learned import (
    LEARNED,
    QUICK as QUICK_LEARNED,
    Learned,
    LearnedSize,
)
from commgen.studies.feedback.umi64 import KLT, MIXTURE, flat, umi64_models
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

TITLE = "Sum rate of 8 users, 64 antennas"
GOAL, PERFECT = "for the rate", "channels known"
FREE = f"{LEARNED}, free phase"
#: What a codec for the rate is to be above: codecs for the error.
ABOVE = {GOAL: (KLT, MIXTURE), FREE: (KLT, MIXTURE, LEARNED)}
NUM_USERS, NUM_ANT = 8, 64
# Turned channels of which the cheapest one is sent.
_NUM_PHASES = 8
# What tells a codec of the rate how much an error hurts, of which one is chosen.
LEAKS = (0.3, 1.0)
_JUDGE = "robust RZF"


@dataclass(frozen=True)
class RateSize:
    """How much is sent and judged.

    Parameters
    ----------
    num_bits
        Of a mean report.
    snr_db
        Power of the base station over the noise of a terminal.
    num_components
        Of the mixture, which is Toeplitz.
    num_choice
        Of the validation channels, by which the bits of codecs are set; by the others
        one of them is chosen.
    num_test
        Channels that are judged, eight to a drop.
    num_steps
        Of WMMSE.
    learned
        How much the learned codec learns, in the part ``learned``.
    quick
        Few channels to learn from.
    """

    num_bits: tuple[int, ...] = (64, 128)
    snr_db: tuple[float, ...] = (10.0, 20.0)
    num_components: int = 64
    num_choice: int = 500
    num_test: int = 2000
    num_steps: int = 50
    learned: LearnedSize = field(default_factory=LearnedSize)
    quick: bool = False


#: In a minute, most of it for channels; the figures mean little.
QUICK = RateSize((24,), (10.0,), 4, 100, 80, 5, QUICK_LEARNED, True)


def rate_study(
    output: Path, size: RateSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Report channels by codecs for the error and for the rate, and precode by them.

    Parameters
    ----------
    output
        Folder of steps; channels and mixture are shared with ``umi64`` beside it.
    size, seed
        How much, and the seed of everything.
    asked
        Gets the gain in sum rate over the other codecs at 128 bits.

    Returns
    -------
    dict
        Title to rows: bits and mean sum rate of each codec and precoder, with
        intervals, and what the codec for the rate gains over the others, paired.
    """
    stages, told = Stages(output / "stages"), [seed, asdict(size)]
    cell = _Cell(output, size, seed)
    rows: Rows = []
    for bits in size.num_bits:
        for snr_db in size.snr_db:
            at = f"{bits}-bits-{snr_db:g}-db"
            ours = stages.result(
                f"{GOAL.replace(' ', '-')}-{at}",
                told,
                lambda bits=bits, snr_db=snr_db: cell.for_rate(bits, snr_db),
            )
            spent = ours[0]["num_bits"]
            others = stages.result(
                f"others-{at}",
                [*told, spent],
                lambda spent=spent, snr_db=snr_db: cell.for_error(spent, snr_db),
            )
            rows += _rows(ours + others, snr_db)
    for snr_db in size.snr_db:
        found = stages.result(
            f"known-{snr_db:g}-db", told, lambda snr_db=snr_db: cell.known(snr_db)
        )
        rows += _rows(found, snr_db)
    for row in rows:
        if row["codec"] in ABOVE and row["precoder"] == _JUDGE:
            for other in ABOVE[row["codec"]]:
                low, high = row[f"over {other}, low"], row[f"over {other}, high"]
                asked(
                    f"{TITLE}, {row['num_bits']:.0f} bits, {row['snr_db']:g} dB, "
                    f"{row['codec']}, over {other}",
                    "an interval above 0",
                    f"{low:.2f} to {high:.2f} bit/s/Hz",
                    low > 0,
                )
    return {TITLE: rows}


class _Cell:
    """Channels and models, made when a step first needs them."""

    def __init__(self, output: Path, size: RateSize, seed: int):
        # Channels and models are those of the part of the errors.
        self._shared, self._size, self._seed = output.parent / "umi64", size, seed
        self._learned = Learned(output.parent / "learned", size.learned, seed)
        self._made: tuple[Any, ...] | None = None

    def _parts(self):
        if self._made is None:
            size = self._size
            found, one, mixture = umi64_models(
                self._shared, size.num_components, seed=self._seed, quick=size.quick
            )
            parts = np.split(flat(found.validation), [size.num_choice])
            test = flat(found.test)[: size.num_test]
            self._made = *parts, test, one, mixture
        return self._made

    def for_rate(self, num_bits: int, snr_db: float) -> list[dict[str, Any]]:
        """Return bits and rates of drops of the codec for the rate, by precoder."""
        no = float(noise_variance(snr_db))
        codec, leak = self._chosen(num_bits, no)
        sent = _sent(codec, self._parts()[2], no, self._precoders())
        return [{"codec": GOAL, "leak": leak, **found} for found in sent]

    def for_error(self, num_bits: float, snr_db: float) -> list[dict[str, Any]]:
        """Return the same of codecs that spend as much on the judged channels."""
        set_by, _, test, one, mixture = self._parts()
        no, rows = float(noise_variance(snr_db)), []
        model, tables = self._learned.models

        def trellis(price: float, num_phases: int = 1) -> TrellisCodec:
            return TrellisCodec(model, tables, price, num_phases=num_phases)

        first = MixtureTransformCodec.of_rate(mixture, set_by, num_bits).price
        makers: dict[str, tuple[Callable[[float], Codec], float]] = {
            KLT: (
                lambda price: MixtureTransformCodec(one, price),
                MixtureTransformCodec.of_rate(one, set_by, num_bits).price,
            ),
            MIXTURE: (lambda price: MixtureTransformCodec(mixture, price), first),
            LEARNED: (trellis, first),
            FREE: (lambda price: trellis(price, _NUM_PHASES), first),
        }
        for name, (make, price) in makers.items():
            codec = _spending(make, price, test, num_bits)
            for found in _sent(codec, test, no, self._precoders()):
                rows.append({"codec": name, "leak": None, **found})
        return rows

    def _chosen(self, num_bits, no) -> tuple[RateTransformCodec, float]:
        """Return the codec for the rate that serves validation channels best."""
        set_by, chosen_by, *_, mixture = self._parts()
        best, codecs, judge = [], [], {_JUDGE: _robust()}
        for leak in LEAKS:
            codec = RateTransformCodec.of_rate(
                mixture, set_by, num_bits, no=no, num_users=NUM_USERS, leak=leak
            )
            (found,) = _sent(codec, chosen_by, no, judge)
            codecs.append(codec)
            best.append(np.mean(found["rates"]))
        at = int(np.argmax(best))
        return codecs[at], LEAKS[at]

    def known(self, snr_db: float) -> list[dict[str, Any]]:
        """Return rates of drops where all channels are known."""
        from commgen.phy.beams import WMMSE, sum_rate

        h, no = _drops(self._parts()[2]), float(noise_variance(snr_db))
        w = WMMSE(num_steps=self._size.num_steps)(h, no)
        told = {"codec": PERFECT, "leak": None, "precoder": "WMMSE", "num_bits": None}
        return [{**told, "rates": sum_rate(h, w, no).numpy().tolist()}]

    def _precoders(self) -> dict[str, Any]:
        from commgen.phy.beams import WMMSE, LearnedPrecoder

        return {
            "WMMSE on the mean": WMMSE(num_steps=self._size.num_steps),
            _JUDGE: _robust(),
            "two robust steps": LearnedPrecoder(),  # before training it is no more
        }


def _spending(
    make: Callable[[float], Codec], price: float, h: np.ndarray, num_bits: float
) -> Codec:
    """Return the codec that needs ``num_bits`` for a mean channel of h, nearly."""

    def needed(log_price: float) -> float:
        return float(make(float(np.exp(log_price))).encode(h).num_bits.mean())

    prices = np.log(price) + np.array([-0.1, 0.1])
    bits = [needed(p) for p in prices]
    for _ in range(2):  # secants: bits are nearly linear in the logarithm of the price
        slope = (bits[-1] - bits[-2]) / (prices[-1] - prices[-2])
        found = prices[-1] + (num_bits - bits[-1]) / min(slope, -1e-3)
        prices, bits = np.append(prices, found), [*bits, needed(found)]
    return make(float(np.exp(prices[-1])))


def _robust() -> Any:
    from commgen.phy.beams import RobustRZF

    return RobustRZF()


def _drops(h: np.ndarray) -> np.ndarray:
    """[n, num_ant] to whole drops [num_drops, num_users, 1, num_ant]."""
    num = len(h) // NUM_USERS
    return h[: num * NUM_USERS].reshape(num, NUM_USERS, 1, -1)


def _sent(codec: Any, h, no: float, members: dict[str, Any]) -> list[dict[str, Any]]:
    """Return bits and rates of drops, for each precoder of what is reported."""
    from commgen.phy.beams import Belief, sum_rate

    h = h[: len(h) // NUM_USERS * NUM_USERS]
    report = codec.encode(h)
    mean, cov = codec.decode(report).mean, codec.error_covariance(report)
    true = _drops(h)
    cov = cov.reshape(*true.shape[:2], *cov.shape[1:])
    belief = Belief.of(mean.reshape(true.shape), cov)
    bits = float(report.num_bits.mean())
    rows = []
    for name, precode in members.items():
        rates = sum_rate(true, precode(belief, no), no).numpy().tolist()
        rows.append({"precoder": name, "num_bits": bits, "rates": rates})
    return rows


def _rows(found: list[dict[str, Any]], snr_db: float) -> Rows:
    """Return mean rates, and what codecs for the rate gain over the others."""
    rates = {(r["codec"], r["precoder"]): np.array(r["rates"]) for r in found}
    rows = []
    for each in found:
        row = {"snr_db": snr_db, **{k: v for k, v in each.items() if k != "rates"}}
        names = ("rate", "low", "high")
        row |= dict(zip(names, mean_interval(each["rates"]), strict=True))
        for other in ABOVE.get(each["codec"], ()):
            gain = rates[each["codec"], each["precoder"]]
            gain = gain - rates[other, each["precoder"]]
            _, low, high = mean_interval(gain)
            row |= {f"over {other}, low": low, f"over {other}, high": high}
        rows.append(row)
    return rows
