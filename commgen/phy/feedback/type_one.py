"""Type I codebook for one panel, rank 1: one beam, and a phase for each subband."""

import numpy as np

from commgen._checks import check_int
from commgen.generative.model import Posterior
from commgen.phy.feedback.codec import Codec, Report
from commgen.phy.feedback.words import Reader, bits_for, written

_NUM_PHASES, _PHASE_BITS = 4, 2


class TypeOneCodec(Codec):
    r"""Directions of subbands by the Type I single-panel codebook, mode 1, rank 1.

    TS 38.214, Table 5.2.2.2.1-5:
    :math:`w_t = [v_{l,m}; e^{j \pi n_t / 2} v_{l,m}] / \sqrt{P}`, the beam for the
    whole band (i11 = l, i12 = m), the phase between polarisations for each subband (i2
    = n). All beams are tried, so that the mean cosine similarity is the largest that
    the codebook has.

    Parameters
    ----------
    num_subbands
        At least 1.
    n1, n2
        As of :class:`~commgen.phy.feedback.EnhancedTypeTwoCodec`, as is the input.

    Examples
    --------
    >>> TypeOneCodec(13, 8, 2).num_bits
    34
    """

    def __init__(self, num_subbands: int, n1: int, n2: int):
        n3 = check_int("num_subbands", num_subbands, low=1)
        n1, n2 = check_int("n1", n1, low=2), check_int("n2", n2, low=1)
        super().__init__((n3, 2 * n1 * n2))
        self._sizes = 4 * n1, (4 * n2 if n2 > 1 else 1)  # N O, Table 5.2.2.2.1-2
        one, two = (
            _beams(n, size) for n, size in zip((n1, n2), self._sizes, strict=True)
        )
        beams = np.einsum("al,bm->ablm", one, two)
        self._beams = beams.reshape(n1 * n2, -1) / np.sqrt(2)
        self._phases = np.exp(2j * np.pi * np.arange(_NUM_PHASES) / _NUM_PHASES)

    @property
    def num_bits(self) -> int:
        """Bits of every report."""
        head = sum(bits_for(size) for size in self._sizes)
        return head + _PHASE_BITS * self.event_shape[0]

    def _encode(self, h: np.ndarray) -> Report:
        return Report(tuple(self._words(w.astype(np.complex128)) for w in h))

    def _words(self, w) -> np.ndarray:
        norm = np.linalg.norm(w, axis=1, keepdims=True)
        if not norm.all():
            raise ValueError("h must have no subband of zeros, got one.")
        c = (w / norm).reshape(len(w), 2, -1) @ self._beams.conj()
        both = c[:, 0, :, None] + c[:, 1, :, None] * self._phases.conj()
        best = int(np.abs(both).max(axis=2).sum(axis=0).argmax())
        phases = np.abs(both[:, best]).argmax(axis=1)
        fields = [
            (number, bits_for(size))
            for number, size in zip(
                divmod(best, self._sizes[1]), self._sizes, strict=True
            )
        ]
        return written(fields + [(int(n), _PHASE_BITS) for n in phases])

    def decode(self, report: Report) -> Posterior:
        """As of :class:`~commgen.phy.feedback.EnhancedTypeTwoCodec`."""
        w = np.array([self._read(bits) for bits in report.bits], np.complex64)
        return Posterior(w, np.zeros(w.shape, np.float32))

    def _read(self, bits) -> np.ndarray:
        read = Reader(bits)
        one, two = (read.below(size) for size in self._sizes)
        beam = self._beams[:, one * self._sizes[1] + two]
        phases = [
            self._phases[read.number(_PHASE_BITS)] for _ in range(self.event_shape[0])
        ]
        read.end()
        return np.array([np.concatenate([beam, phase * beam]) for phase in phases])


def _beams(num, size) -> np.ndarray:
    turns = np.outer(np.arange(num), np.arange(size)) / size
    return np.exp(2j * np.pi * turns) / np.sqrt(num)
