"""Enhanced Type II codebook of Release 16: few coefficients of beams by delays."""

from dataclasses import dataclass
from math import comb

import numpy as np

from commgen._checks import check_int
from commgen.generative.model import Posterior
from commgen.phy.feedback.codec import Codec, Report
from commgen.phy.feedback.words import Reader, bits_for, choice_of, index_of, written

#: paramCombination-r16 to L, p_1 (for rank 1) and beta: TS 38.214, Table 5.2.2.2.5-1.
COMBINATIONS = {
    1: (2, 1 / 4, 1 / 4),
    2: (2, 1 / 4, 1 / 2),
    3: (4, 1 / 4, 1 / 4),
    4: (4, 1 / 4, 1 / 2),
    5: (4, 1 / 4, 3 / 4),
    6: (4, 1 / 2, 1 / 2),
    7: (6, 1 / 4, 1 / 2),
    8: (6, 1 / 4, 3 / 4),
}
#: Amplitudes of the weaker polarisation, number 0 reserved: Table 5.2.2.2.5-2.
REFERENCES = np.concatenate([[0.0], 2.0 ** (-np.arange(14, -1, -1) / 4)])
#: Amplitudes of coefficients: Table 5.2.2.2.5-3.
AMPLITUDES = 2.0 ** (-np.arange(7, -1, -1) / 2)
_NUM_PHASES = 16
_REFERENCE_BITS, _AMPLITUDE_BITS, _PHASE_BITS = 4, 3, 4
# The standard limits the taps to a window from 20 frequencies on.
_MOST_SUBBANDS = 19


@dataclass(frozen=True)
class _Choice:
    """What is reported, as numbers of the standard's fields."""

    group: tuple[int, int]
    beams: list[int]
    taps: list[int]
    coefficients: np.ndarray  # [2 * num_beams, num_taps], zero where not reported


class EnhancedTypeTwoCodec(Codec):
    r"""Directions of subbands by the enhanced Type II codebook, rank 1.

    TS 38.214 (V16), 5.2.2.2.5, with one precoder for each subband (R = 1):

    .. math:: w_t \propto \begin{bmatrix}
        \sum_i v_{m(i)}\, p^{(1)}_0 \sum_f y_t^{(f)} p^{(2)}_{i,f} \varphi_{i,f} \\
        \sum_i v_{m(i)}\, p^{(1)}_1 \sum_f y_t^{(f)} p^{(2)}_{i+L,f} \varphi_{i+L,f}
        \end{bmatrix}

    The report is all of i1 and i2 and, as TS 38.212, 6.3.2, sends ahead of them, how
    many coefficients there are. Encoding takes, of each group of orthogonal beams, the
    beams and then the taps that hold most power, and the strongest coefficients among
    them, then the group whose coefficients hold most, and the nearest amplitudes and
    phases. Since phases of subbands are free, they are turned to those
    of the precoder that was found, and the search is done again.

    Parameters
    ----------
    num_subbands
        1 to 19.
    n1, n2
        Crossed pairs side by side and one above the other; ports are polarisation by n1
        by n2.
    combination
        paramCombination-r16, 1 to 8.
    num_rounds
        Searches.

    Input
    -----
    w : [n, num_subbands, 2 * n1 * n2], complex
        Directions, of a norm above 0 and a mean power as channels have; decoded ones
        have unit norm.
    """

    def __init__(
        self,
        num_subbands: int,
        n1: int,
        n2: int,
        combination: int,
        *,
        num_rounds: int = 3,
    ):
        n3 = check_int("num_subbands", num_subbands, low=1, high=_MOST_SUBBANDS)
        n1, n2 = check_int("n1", n1, low=2), check_int("n2", n2, low=1)
        check_int("combination", combination, low=1, high=len(COMBINATIONS))
        super().__init__((n3, 2 * n1 * n2))
        self._rounds = check_int("num_rounds", num_rounds, low=1)
        self._n3, self._n1, self._n2 = n3, n1, n2
        self._o1, self._o2 = 4, 4 if n2 > 1 else 1  # Table 5.2.2.2.1-2
        self.num_beams, share, beta = COMBINATIONS[combination]
        if self.num_beams > n1 * n2:
            raise ValueError(
                f"combination must have at most {n1 * n2} beams here, got "
                f"{combination}, which has {self.num_beams}."
            )
        self.num_taps = int(np.ceil(share * n3))
        self.most_coefficients = int(np.ceil(2 * beta * self.num_beams * self.num_taps))
        self._groups = {
            (q1, q2): self._orthogonal(q1, q2)
            for q1 in range(self._o1)
            for q2 in range(self._o2)
        }

    def _orthogonal(self, q1, q2) -> np.ndarray:
        """Return beams v of a group as columns, [n1 n2, n1 n2], of unit norm."""
        one = _steering(self._n1, (self._o1 * np.arange(self._n1) + q1) / self._o1)
        two = _steering(self._n2, (self._o2 * np.arange(self._n2) + q2) / self._o2)
        # Beam n = n1' + N1 n2', antennas n1 by n2.
        beams = np.einsum("ai,bj->abji", one, two)
        return beams.reshape(self._n1 * self._n2, -1)

    @property
    def most_bits(self) -> int:
        """Bits of a report with all coefficients that may be reported."""
        return sum(length for _, length in self._head(self.most_coefficients)) + (
            _REFERENCE_BITS
            + (self.most_coefficients - 1) * (_AMPLITUDE_BITS + _PHASE_BITS)
        )

    def _head(self, num, values=(0,) * 7):
        """Return values with the lengths of K_NZ, i11 (two), i12, i16, i17, i18."""
        pairs = self._n1 * self._n2
        lengths = (
            bits_for(self.most_coefficients),
            bits_for(self._o1),
            bits_for(self._o2),
            bits_for(comb(pairs, self.num_beams)),
            bits_for(comb(self._n3 - 1, self.num_taps - 1)),
            2 * self.num_beams * self.num_taps,
            bits_for(num),
        )
        return list(zip(values, lengths, strict=True))

    def _encode(self, h: np.ndarray) -> Report:
        return Report(tuple(self._best(w.astype(np.complex128)) for w in h))

    def _best(self, w) -> np.ndarray:
        norm = np.linalg.norm(w, axis=1, keepdims=True)
        if not norm.all():
            raise ValueError("h must have no subband of zeros, got one.")
        w, best, found = w / norm, -1.0, np.empty(0, np.uint8)
        for _ in range(self._rounds):
            bits = self._words(self._searched(w))
            w_hat = self._read(bits)
            inner = np.sum(w_hat.conj() * w, axis=1)
            if np.abs(inner).mean() > best:
                best, found = np.abs(inner).mean(), bits
            w = w * np.exp(-1j * np.angle(inner))[:, None]
        return found

    def _searched(self, w) -> _Choice:
        """Return what holds most power of directions [num_subbands, ports]."""
        groups = np.array(list(self._groups.values()))
        c = w.reshape(-1, self._n1 * self._n2) @ groups.conj()
        c = c.reshape(len(groups), self._n3, 2, -1)
        held = np.sum(np.abs(c) ** 2, axis=(1, 2))
        beams = _largest(held, self.num_beams)
        c = np.take_along_axis(c, beams[:, None, None], axis=3)
        c = c.transpose(0, 2, 3, 1).reshape(len(groups), -1, self._n3)
        taps = np.fft.fft(c, axis=2) / self._n3
        first = np.abs(taps).max(axis=1).argmax(axis=1)
        turn = (first[:, None] + np.arange(self._n3)) % self._n3
        taps = np.take_along_axis(taps, turn[:, None], axis=2)  # strongest at tap 0
        power = np.sum(np.abs(taps) ** 2, axis=1)
        power[:, 0] = np.inf
        chosen = _largest(power, self.num_taps)
        c = np.take_along_axis(taps, chosen[:, None], axis=2)
        size = np.abs(c).reshape(len(groups), -1)
        num = min(self.most_coefficients, size.shape[1])
        least = np.sort(size, axis=1)[:, -num, None, None]
        c = np.where(np.abs(c) >= least, c, 0)
        best = int(np.sum(np.abs(c) ** 2, axis=(1, 2)).argmax())
        group = list(self._groups)[best]
        return _Choice(group, beams[best].tolist(), chosen[best].tolist(), c[best])

    def _words(self, choice: _Choice) -> np.ndarray:
        c, L = choice.coefficients, self.num_beams
        strongest = int(np.abs(c[:, 0]).argmax())
        c = c / c[strongest, 0]
        weaker = slice(0, L) if strongest >= L else slice(L, 2 * L)
        reference = 15
        if c[weaker].any():
            reference = 1 + _nearest(np.abs(c[weaker]).max(), REFERENCES[1:])
            c[weaker] /= REFERENCES[reference]
        sent = c != 0
        # As the standard numbers them: tap by tap.
        marks = sent.T.reshape(-1)
        order = [n for n in np.flatnonzero(marks) if n != strongest]
        flat = c.T.reshape(-1)[order]
        levels = [_nearest(a, AMPLITUDES) for a in np.abs(flat)]
        phases = np.rint(np.angle(flat) * _NUM_PHASES / (2 * np.pi)).astype(int) % 16
        num = int(sent.sum())
        head = (
            num - 1,
            *choice.group,
            index_of(choice.beams, self._n1 * self._n2),
            index_of([n - 1 for n in choice.taps[1:]], self._n3 - 1),
            int("".join(map(str, marks.astype(int))), 2),
            int(sent[:strongest, 0].sum()),
        )
        fields = [*self._head(num, head), (reference, _REFERENCE_BITS)]
        fields += [(a, _AMPLITUDE_BITS) for a in levels]
        return written(fields + [(int(p), _PHASE_BITS) for p in phases])

    def decode(self, report: Report) -> Posterior:
        """As :meth:`Codec.decode`; of the errors nothing is said, their variance is 0.

        What a precoder makes of them is measured, as the standard does not tell.
        """
        w = np.array([self._read(bits) for bits in report.bits], np.complex64)
        return Posterior(w, np.zeros(w.shape, np.float32))

    def _read(self, bits) -> np.ndarray:
        read, L = Reader(bits), self.num_beams
        num = 1 + read.below(self.most_coefficients)
        beams = self._groups[read.below(self._o1), read.below(self._o2)]
        pairs = self._n1 * self._n2
        chosen = choice_of(read.below(comb(pairs, L)), L, pairs)
        rest = self._n3 - 1, self.num_taps - 1
        taps = [0] + [1 + n for n in choice_of(read.below(comb(*rest)), *rest[::-1])]
        marks = [read.number(1) for _ in range(2 * L * self.num_taps)]
        at = read.below(num)
        first = np.flatnonzero(marks[: 2 * L])
        if sum(marks) != num or at >= len(first):
            raise ValueError(
                f"bits must be a whole report, got {sum(marks)} coefficients in the "
                f"bitmap for {num}, the strongest of tap 0 number {at}."
            )
        strongest = int(first[at])
        reference = read.number(_REFERENCE_BITS)
        order = [n for n in np.flatnonzero(marks) if n != strongest]
        flat = np.zeros(len(marks), complex)
        flat[strongest] = 1
        flat[order] = [AMPLITUDES[read.number(_AMPLITUDE_BITS)] for _ in order]
        turns = [read.number(_PHASE_BITS) for _ in order]
        flat[order] *= np.exp(2j * np.pi / _NUM_PHASES * np.array(turns))
        read.end()
        c = flat.reshape(self.num_taps, 2, L).copy()
        c[:, 0 if strongest >= L else 1] *= REFERENCES[reference]
        t = np.arange(self._n3)
        y = np.exp(2j * np.pi * np.outer(t, taps) / self._n3)
        w = np.einsum("tf,fpi,ai->tpa", y, c, beams[:, chosen])
        w = w.reshape(self._n3, -1)
        return w / np.linalg.norm(w, axis=1, keepdims=True)


def _largest(x, num) -> np.ndarray:
    """Return where each row has its largest numbers, in rising order."""
    return np.sort(np.argsort(-x, axis=1)[:, :num], axis=1)


def _steering(num, beams) -> np.ndarray:
    turns = np.outer(np.arange(num), beams) / num
    return np.exp(2j * np.pi * turns) / np.sqrt(num)


def _nearest(amplitude, table) -> int:
    """Return the level that is nearest on a scale of decibels."""
    return int(np.abs(np.log2(table) - np.log2(amplitude)).argmin())
