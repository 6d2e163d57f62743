"""Directions of vectors as words of one codebook for each part of them."""

import numpy as np

from commgen._checks import check_finite, check_int
from commgen.coding.compiled import compiled
from commgen.generative.model import Posterior, check_channels
from commgen.phy.feedback.codec import Codec, Report
from commgen.phy.feedback.words import Reader, bits_for, written

_ROWS = 50
# What a word of the last rounds counts beside this one's.
_MEMORY = 0.8


class ProductCodec(Codec):
    r"""Direction of a vector, part by part from a codebook, phase and length left free.

    Product quantisation (Jegou, Douze and Schmid, IEEE Trans. Pattern Anal. Mach.
    Intell. 33, 2011, sec. II-B) of what matters up to a complex factor: encoding tries
    turns and lengths of the unit vector, takes the nearest word for each part, and
    keeps what gets most of its power, :math:`|\hat{y}^H y|^2 / (|\hat{y}|^2 |y|^2)`.
    So phase and length take no bits, but help to find words that fit.

    Parameters
    ----------
    codebook : [num_words, size], complex
        Of all parts, of unit vectors: a power of 2 of words.
    num_parts
        Of a vector of ``num_parts * size`` entries.
    num_turns
        Turns that are tried.
    err_var
        Variance of the error of an entry that :meth:`decode` tells, at least 0; measure
        it.

    Input
    -----
    y : [n, num_parts * size], complex
        Vectors of about unit mean power; decoded ones have mean power 1 each.
    """

    def __init__(
        self,
        codebook: np.ndarray,
        num_parts: int,
        *,
        num_turns: int = 16,
        err_var: float = 0.0,
    ):
        codebook = np.asarray(codebook)
        if codebook.ndim != 2 or 0 in codebook.shape or not np.iscomplexobj(codebook):
            raise ValueError(
                "codebook must be [num_words, size], complex, got "
                f"{codebook.shape} of dtype {codebook.dtype}."
            )
        if len(codebook) != 1 << bits_for(len(codebook)):
            raise ValueError(
                f"codebook must have a power of 2 of words, got {len(codebook)}."
            )
        check_finite("codebook", codebook)
        self._parts = check_int("num_parts", num_parts, low=1)
        super().__init__((num_parts * codebook.shape[1],))
        if not 0 <= err_var < np.inf:
            raise ValueError(f"err_var must be finite and at least 0, got {err_var}.")
        self._err_var = err_var
        self.codebook = codebook.astype(np.complex64)
        turns = np.arange(check_int("num_turns", num_turns, low=1)) / num_turns
        tried = np.outer(np.exp(2j * np.pi * turns), _LENGTHS).reshape(-1)
        self._tried = tried.astype(np.complex64)

    @property
    def num_bits(self) -> int:
        """Bits of every report."""
        return self._parts * bits_for(len(self.codebook))

    def _encode(self, h: np.ndarray) -> Report:
        words = [self._nearest(h[i : i + _ROWS]) for i in range(0, len(h), _ROWS)]
        length = bits_for(len(self.codebook))
        return Report(
            tuple(
                written([(int(w), length) for w in row])
                for row in np.concatenate(words)
            )
        )

    def _nearest(self, y) -> np.ndarray:
        """Return numbers of words, [n, num_parts]."""
        y = _unit(y).reshape(len(y), self._parts, -1)
        half = np.sum(np.abs(self.codebook) ** 2, axis=1) / 2
        words = np.empty((len(y), len(self._tried), self._parts), np.int64)
        adjoint = np.ascontiguousarray(self.codebook.conj().T)
        for p in range(self._parts):
            inner = np.ascontiguousarray(y[:, p]) @ adjoint
            _search(inner.real.copy(), inner.imag.copy(), half, self._tried, words, p)
        found = self.codebook[words]  # [n, tried, num_parts, size]
        got = np.abs(np.einsum("nps,ntps->nt", y.conj(), found)) ** 2
        power = np.sum(np.abs(found) ** 2, axis=(2, 3))
        best = (got / np.maximum(power, _NO_POWER)).argmax(axis=1)
        return words[np.arange(len(y)), best]

    def decode(self, report: Report) -> Posterior:
        """As :meth:`Codec.decode`."""
        means = np.array([self._read(bits) for bits in report.bits])
        variances = np.full(means.shape, self._err_var, np.float32)
        return Posterior(means.astype(np.complex64), variances)

    def _read(self, bits) -> np.ndarray:
        read = Reader(bits)
        words = [read.below(len(self.codebook)) for _ in range(self._parts)]
        read.end()
        y = self.codebook[words].reshape(1, -1)
        return np.sqrt(y.size) * _unit(y)[0]


_LENGTHS = (0.9, 1.0, 1.1)
_NO_POWER = 1e-20


def learn_codebook(
    y: np.ndarray, num_bits: int, num_parts: int, *, seed: int, num_rounds: int = 12
) -> np.ndarray:
    """Return words for the parts of unit vectors, turned at random.

    Lloyd's algorithm (Linde, Buzo and Gray, IEEE Trans. Commun. 28, 1980) over one
    share of the vectors in each round, where a word remembers its earlier ones.

    Parameters
    ----------
    y : [n, num_parts * size], complex
        To learn from, at least ``num_rounds`` times as many as words.
    num_bits
        Of a word.
    num_parts
        As of :class:`ProductCodec`.
    seed
        Of order and turns.
    num_rounds
        At least 1.

    Returns
    -------
    [2^num_bits, size], complex64

    Raises
    ------
    ValueError
        If there are too few vectors, or a number is out of its range.
    """
    num = 1 << check_int("num_bits", num_bits, low=0, high=20)
    num_parts = check_int("num_parts", num_parts, low=1)
    num_rounds = check_int("num_rounds", num_rounds, low=1)
    y = np.asarray(y)
    if y.ndim != 2 or y.shape[1] % num_parts or len(y) < num * num_rounds:
        raise ValueError(
            f"y must be [n, {num_parts} x size] with n >= {num * num_rounds}, got "
            f"{y.shape}."
        )
    y = check_channels("y", y, y.shape[1:])
    rng = np.random.default_rng(check_int("seed", seed, low=0))
    turns = np.exp(2j * np.pi * rng.random((len(y), 1))).astype(np.complex64)
    y = (_unit(y) * turns)[rng.permutation(len(y))]
    shares = [s.reshape(-1, y.shape[1] // num_parts) for s in _split(y, num_rounds)]
    words = shares[0][:: max(1, num_parts)][:num].copy()
    count, total = np.ones(num, np.float32), words.copy()
    for share in shares:
        at = _assigned(share, words)
        count = _MEMORY * count + np.bincount(at, minlength=num)
        numbers = np.ascontiguousarray(share).view(np.float32)
        added = np.array([np.bincount(at, x, num) for x in numbers.T])
        total = _MEMORY * total + added.T.copy().view(np.complex128)
        words = (total / count[:, None]).astype(np.complex64)
    return words


def _split(y, num):
    size = len(y) // num
    return [y[i * size : (i + 1) * size] for i in range(num)]


def _assigned(x, words):
    """Return the nearest word of each row."""
    half = np.sum(np.abs(words) ** 2, axis=1) / 2
    real = np.ascontiguousarray(words).view(np.float32).T
    x = np.ascontiguousarray(x, np.complex64).view(np.float32)
    parts = np.array_split(x, max(1, len(x) // 1000))
    return np.concatenate([(part @ real - half).argmax(axis=1) for part in parts])


def _unit(y):
    norm = np.linalg.norm(y, axis=-1, keepdims=True)
    return (y / np.maximum(norm, 1e-20)).astype(np.complex64)


@compiled
def _search(real, imag, half, tried, words, p):
    """Find the nearest word for each row and factor."""
    for i in range(len(real)):
        for t in range(len(tried)):
            x, z = tried[t].real, tried[t].imag
            best, at = np.float32(-np.inf), 0
            for j in range(len(half)):
                # |f y - c|^2 = |f y|^2 - 2 Re(f y c^*) + |c|^2
                score = real[i, j] * x - imag[i, j] * z - half[j]
                if score > best:
                    best, at = score, j
            words[i, t, p] = at
