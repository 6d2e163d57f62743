"""Some beams of an oversampled DFT, with their amplitudes and phases."""

from math import comb

import numpy as np

from commgen._checks import check_int
from commgen.generative.model import Posterior
from commgen.phy.feedback.codec import Codec, Report
from commgen.phy.feedback.words import Reader, bits_for, choice_of, index_of, written

# Oversampling, phases and amplitudes as in TS 38.214, 5.2.2.2.3 and 5.2.2.2.5; the
# strongest beam, which the standard's precoders take as one, has amplitudes of its own.
_GROUPS, _PHASE_BITS, _AMPLITUDE_BITS, _STRONGEST_BITS = 4, 4, 3, 5
_STRONGEST_STEP_DB, _STRONGEST_TOP_DB = 1.5, 12.0


class DftCodec(Codec):
    """The strongest of orthogonal beams of a line of antennas, in fixed words.

    Of four groups of orthogonal beams the one whose strongest beams hold most power is
    taken. Their coefficients have 16 phases and, beside the strongest, eight amplitudes
    3 dB apart, as in the Type II codebooks of TS 38.214; amplitude and phase of the
    strongest take nine bits more, since a codec tells the channel and not only its
    direction.

    Parameters
    ----------
    num_antennas
        In a line.
    num_beams
        That are reported.
    err_var
        Variance of the error of an entry that :meth:`decode` tells, at least 0; a
        codebook knows of none, so measure it.

    Examples
    --------
    >>> DftCodec(64, 4).num_bits
    54
    """

    def __init__(self, num_antennas: int, num_beams: int, err_var: float = 0.0):
        n = check_int("num_antennas", num_antennas, low=1)
        super().__init__((n,))
        self.num_beams = check_int("num_beams", num_beams, low=1, high=n)
        if not 0 <= err_var < np.inf:
            raise ValueError(f"err_var must be finite and at least 0, got {err_var}.")
        self._err_var = err_var
        self._num_choices = comb(n, self.num_beams)
        turns = np.arange(n)[:, None] * (
            np.arange(n) + np.arange(_GROUPS)[:, None, None] / _GROUPS
        )
        self._beams = np.exp(2j * np.pi * turns / n) / np.sqrt(n)

    @property
    def num_bits(self) -> int:
        """Bits of every report."""
        head = bits_for(_GROUPS) + bits_for(self._num_choices)
        head += bits_for(self.num_beams) + _STRONGEST_BITS + _PHASE_BITS
        return head + (self.num_beams - 1) * (_PHASE_BITS + _AMPLITUDE_BITS)

    def _encode(self, h: np.ndarray) -> Report:
        c = np.einsum("na,gab->ngb", h, self._beams.conj())
        held = np.sort(np.abs(c) ** 2, axis=2)[..., -self.num_beams :].sum(axis=2)
        groups = held.argmax(axis=1)
        pairs = zip(groups, c, strict=True)
        return Report(tuple(self._words(int(g), each[g]) for g, each in pairs))

    def _words(self, group, c) -> np.ndarray:
        chosen = np.sort(np.argsort(np.abs(c))[-self.num_beams :])
        c = c[chosen]
        first = int(np.abs(c).argmax())
        level = _STRONGEST_TOP_DB - 20 * np.log10(max(np.abs(c[first]), 1e-30))
        level = int(np.clip(np.rint(level / _STRONGEST_STEP_DB), 0, 31))
        phases = np.rint(np.angle(c) * 8 / np.pi).astype(int) % 16
        ratio = np.maximum(np.abs(c) / max(np.abs(c[first]), 1e-30), 1e-6)
        steps = np.clip(np.rint(-2 * np.log2(ratio)), 0, 7).astype(int)
        fields = [
            (group, bits_for(_GROUPS)),
            (index_of(chosen, len(self._beams[0])), bits_for(self._num_choices)),
            (first, bits_for(self.num_beams)),
            (level, _STRONGEST_BITS),
        ]
        fields += [(int(p), _PHASE_BITS) for p in phases]
        rest = (int(s) for i, s in enumerate(steps) if i != first)
        return written(fields + [(s, _AMPLITUDE_BITS) for s in rest])

    def decode(self, report: Report) -> Posterior:
        """As :meth:`Codec.decode`."""
        means = np.array([self._read(bits) for bits in report.bits])
        variances = np.full(means.shape, self._err_var, np.float32)
        return Posterior(means.astype(np.complex64), variances)

    def _read(self, bits) -> np.ndarray:
        read = Reader(bits)
        beams = self._beams[read.below(_GROUPS)]
        index = read.below(self._num_choices)
        chosen = choice_of(index, self.num_beams, len(beams))
        first = read.below(self.num_beams)
        top_db = _STRONGEST_TOP_DB - _STRONGEST_STEP_DB * read.number(_STRONGEST_BITS)
        phases = [read.number(_PHASE_BITS) for _ in chosen]
        steps = [
            0 if i == first else read.number(_AMPLITUDE_BITS)
            for i in range(self.num_beams)
        ]
        read.end()
        amplitudes = 10 ** (top_db / 20) * 2.0 ** (-np.array(steps) / 2)
        return beams[:, chosen] @ (
            amplitudes * np.exp(1j * np.pi / 8 * np.array(phases))
        )
