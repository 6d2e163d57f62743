"""Points for a link that is known by what it sent and received."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_positive
from commgen.frame.constellation import Constellation
from commgen.frame.information import bit_information, sampled_gmi
from commgen.frame.llr import demap
from commgen.phy.neural.learning import PointTraining, learn_points
from commgen.phy.neural.mapper import LearnedMapper
from commgen.phy.signal.demapper import point_llr

#: Training of points through a link, without noise beyond its own.
LINK_TRAINING = PointTraining(
    num_steps=250, draws=96, learning_rate=0.01, start_snr_db=30.0
)
# Received symbols by which points are judged, of each one.
_JUDGED = 2000
# What is left of the noise that is added at first: it no longer shows.
_LEAST_ADDED = 1e-3
# Drives that a start is tried at, as shares of the greatest amplitude.
_FIRST_DRIVES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Driven:
    """Points as they are sent through a link, and what they carry there.

    Parameters
    ----------
    constellation
        Points of unit mean power.
    drive
        Factor that they are sent with, in the units of the link's input.
    rate, low, high
        Generalised mutual information [bit/symbol] through the learned link, with its
        95 % interval.
    """

    constellation: Constellation
    drive: float
    rate: float
    low: float
    high: float

    @property
    def sent(self) -> np.ndarray:
        """Points as they go into the link, [2**num_bits_per_symbol], complex128."""
        return self.drive * self.constellation.points


class CentroidDemapper:
    """LLRs around the means at which a link's points arrive, in white noise.

    Called by :func:`~commgen.phy.neural.learning.learn_points`, whose symbols have one
    point a row: means and variance are those of the batch, and gradients go through
    them. A receiver finds both from symbols that it knows.
    """

    trainable_variables: tuple[Any, ...] = ()

    def __call__(self, y, no):
        """Return LLRs of y : [2**bits, n], complex, [2**bits, n * bits]."""
        centres = tf.reduce_mean(y, axis=1)
        rest = y - centres[:, None]
        n = y.shape[1]
        # A mean of n takes a share of 1 / n of the variance with it.
        variance = tf.reduce_mean(tf.abs(rest) ** 2) * (n / (n - 1))
        llr = point_llr(y, variance, centres, tf.zeros(()))
        return tf.reshape(llr, [y.shape[0], -1])


class DrivenLink:
    r"""A link behind a drive d that is learned, too, and a limit L that holds.

    .. math:: s = \frac{d x}{\sqrt{1 + d^2 |x|^2 / L^2}}, \qquad d \le L

    No point leaves the range of the recording, and at any drive gradients still move
    each of them.

    Parameters
    ----------
    link
        As of :func:`design_through`.
    largest
        L: the greatest amplitude that the link was learned from.
    """

    def __init__(self, link: Any, largest: float):
        self._link, self._largest = link, check_positive("largest", largest)
        self._log_drive = tf.Variable(np.log(largest), dtype=tf.float32)

    @property
    def trainable_variables(self) -> list[Any]:
        """The drive, as its logarithm."""
        return [self._log_drive]

    def set_drive(self, share: float) -> None:
        """Set the drive to a share of the greatest amplitude."""
        self._log_drive.assign(np.log(share * self._largest))

    def sent(self, x):
        """Return what goes into the link."""
        drive = tf.minimum(tf.exp(self._log_drive), self._largest)
        over = (drive * tf.abs(x) / self._largest) ** 2
        return x * tf.cast(drive / tf.sqrt(1 + over), x.dtype)

    def __call__(self, x, *, seed):
        """Return what is received."""
        return self._link(self.sent(x), seed=seed)


def design_through(
    link: Any,
    start: Constellation,
    *,
    largest: float,
    seed: int,
    training: PointTraining = LINK_TRAINING,
    progress: bool = False,
) -> Driven:
    """Learn points and their drive through a learned link.

    Parameters
    ----------
    link
        ``link(x, seed=words) -> y``, differentiable and without memory, of about unit
        power, such as a :class:`~commgen.channels.SurrogateChannel`.
    start
        Points to begin with, equally likely: a design for white noise. They first go
        in at that of several drives which carries the most.
    largest
        Greatest amplitude that the link was learned from.
    seed
        Of the noise.
    training
        Length and rate. Noise is added where its ``start_snr_db`` says so: the start
        has good labels without it.
    progress
        Show a progress bar.

    Returns
    -------
    Driven
        The points learned, or those of the start where these carry more.
    """
    mapper = LearnedMapper(start.num_bits_per_symbol, start=start)
    driven = DrivenLink(link, largest)
    first = best_drive(link, driven, mapper, seed)
    learn_points(
        mapper,
        CentroidDemapper(),
        driven,
        no=_LEAST_ADDED,
        seed=seed,
        training=training,
        progress=progress,
    )
    learned = judge_through(link, driven.sent(mapper.points()).numpy(), seed=seed)
    return max(first, learned, key=lambda one: one.rate)


def best_drive(link: Any, driven: DrivenLink, mapper: Any, seed: int) -> Driven:
    """Set that of several drives which carries the most; return what it carries.

    Parameters
    ----------
    link, seed
        As of :func:`design_through`.
    driven
        Whose drive is set.
    mapper
        Whose points are sent.
    """
    found = []
    for share in _FIRST_DRIVES:
        driven.set_drive(share)
        sent = driven.sent(mapper.points()).numpy()
        found.append((judge_through(link, sent, seed=seed), share))
    best, share = max(found, key=lambda one: one[0].rate)
    driven.set_drive(share)
    return best


def judge_through(link: Any, sent: np.ndarray, *, seed: int) -> Driven:
    """Measure what points carry through a link, around the means where they arrive.

    Parameters
    ----------
    link
        As of :func:`design_through`.
    sent : [2**num_bits_per_symbol], complex
        Points as they go in, in the order of their labels; their bits are put in order
        of information, the strongest first, as the NR code wants them.
    seed
        Of the noise; means and variance are found with other noise than LLRs.
    """
    rows = np.repeat(sent[:, None], _JUDGED, axis=1).astype(np.complex64)
    first, again = (np.asarray(link(rows, seed=(seed % 2**31, k))) for k in (101, 102))
    centres = first.mean(axis=1)
    variance = float(np.mean(np.abs(first - centres[:, None]) ** 2))
    # The demapper takes points of unit power: what counts is their ratio to the noise.
    scale = float(np.sqrt(np.mean(np.abs(centres) ** 2)))
    no = variance / scale**2
    order = _strongest_first(Constellation.of(centres), no)
    arrived = Constellation.of(centres[order])
    y = (again[order] / scale).astype(np.complex64).ravel()
    llr = demap(y, np.full(y.shape, no, np.float32), arrived)
    bits = np.repeat(arrived.bits, _JUDGED, axis=0)
    rate, low, high = sampled_gmi(llr, bits, arrived.entropy)
    drive = float(np.sqrt(np.mean(np.abs(sent) ** 2)))
    return Driven(Constellation.of(sent[order]), drive, rate, low, high)


def _strongest_first(arrived: Constellation, no: float) -> np.ndarray:
    """Return which point each label gets, once bits are in order of information."""
    told = np.argsort(-bit_information(arrived, no, order=16))
    labels = arrived.bits[:, told] @ (2 ** np.arange(len(told))[::-1])
    return np.argsort(labels)
