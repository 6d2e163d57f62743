"""LDPC encoder."""

import numpy as np

from commgen._checks import check_int
from commgen.coding.base_graph import MAX_CODERATE, choose_base_graph
from commgen.coding.code import LDPCCode
from commgen.coding.compiled import compiled
from commgen.coding.rate_matching import rate_matching_indices


class LDPCEncoder:
    """NR LDPC encoder with rate matching, TS 38.212 5.3.2 and 5.4.2.

    Gives the codewords of Sionna's ``LDPC5GEncoder(k, n, num_bits_per_symbol)``. Rates
    that the mother code does not reach are made by repetition: the circular buffer is
    read more than once.

    Parameters
    ----------
    k
        Information bits, at least 12.
    n
        Coded bits. The rate ``k / n`` may not exceed 0.95, and chooses the base graph.
    num_bits_per_symbol
        Q_m of the interleaver 5.4.2.2, of which ``n`` is a multiple; None leaves the
        interleaver out.

    Attributes
    ----------
    code : LDPCCode
        The mother code.
    indices : [n], int32
        Where the sent bits stand in a mother codeword.

    Input
    -----
    bits : [..., k], bool, int or float
        Zeros and ones.

    Output
    ------
    c : [..., n], uint8
        Coded bits.

    Raises
    ------
    ValueError
        If there is no code for ``k`` and ``n``, or ``bits`` holds anything but zeros
        and ones or ends in another length.

    Examples
    --------
    >>> encoder = LDPCEncoder(100, 200)
    >>> encoder(np.zeros((2, 100))).shape
    (2, 200)
    """

    def __init__(self, k: int, n: int, *, num_bits_per_symbol: int | None = None):
        self.k = check_int("k", k, low=1)
        self.n = check_int("n", n, low=1)
        if self.k > MAX_CODERATE * self.n:
            raise ValueError(
                f"k / n must be at most {MAX_CODERATE} (TS 38.214 5.1.3), "
                f"got {self.k} / {self.n}."
            )
        self.num_bits_per_symbol = num_bits_per_symbol
        self.code = LDPCCode.of(self.k, choose_base_graph(self.k, self.k / self.n))
        self.indices = rate_matching_indices(
            self.code, self.n, num_bits_per_symbol=num_bits_per_symbol
        )

    @property
    def coderate(self) -> float:
        """Rate k / n."""
        return self.k / self.n

    def __call__(self, bits) -> np.ndarray:
        """Encode, select, interleave."""
        bits = as_bits("bits", bits, self.k)
        lead = bits.shape[:-1]
        mother = encode_mother(self.code, bits.reshape(-1, self.k))
        return np.take(mother, self.indices, axis=1).reshape(*lead, self.n)


def as_bits(name: str, bits, *shape_end: int) -> np.ndarray:
    """Return zeros and ones as uint8, or raise unless they are, and end in a shape."""
    bits = np.asarray(bits)
    if bits.shape[-len(shape_end) :] != shape_end or not bits.ndim:
        end = ", ".join(map(str, shape_end))
        raise ValueError(f"{name} must be [..., {end}], got {bits.shape}.")
    wrong = (bits != 0) & (bits != 1)
    if wrong.any():
        raise ValueError(f"{name} must be zeros and ones, got {bits[wrong][0]}.")
    return np.ascontiguousarray(bits, dtype=np.uint8)


def encode_mother(code: LDPCCode, bits: np.ndarray) -> np.ndarray:
    """Encode without rate matching.

    Parameters
    ----------
    code : LDPCCode
        The code.
    bits : [num, k], uint8
        Zeros and ones.

    Returns
    -------
    [num, n_mother], uint8
        Mother codewords, fillers (zeros) and punctured bits included.
    """
    graph = code.graph
    mother = np.zeros((len(bits), graph.num_cols, code.z), np.uint8)
    flat = mother.reshape(len(bits), code.n_mother)
    flat[:, : code.k] = bits
    _fill_parity(mother, code.row_starts, code.cols, code.shifts, graph.num_info_cols)
    return flat


@compiled
def _add_row(word, first, last, cols, shifts, out):
    """Add what the entries first:last of a row see of a word to ``out``, modulo 2."""
    # Slices, and not sums of indices, are what the compiler makes vectors of.
    for e in range(first, last):
        column, shift = word[cols[e]], shifts[e]
        front, back = column[:shift], column[shift:]
        target = out[: len(back)]
        for i in range(len(back)):
            target[i] ^= back[i]
        target = out[len(back) :]
        for i in range(len(front)):
            target[i] ^= front[i]


@compiled
def _fill_parity(words, row_starts, cols, shifts, num_info_cols):
    """Solve the checks for the parity columns, in place.

    Of the four core rows the first and the last have the shift A in the first parity
    column and an inner one the shift B; the other three columns are a double diagonal
    of identities. The sum of the rows is therefore the first parity column, shifted by
    B; the rest follows row by row. Every further row has a column of its own.
    """
    z = words.shape[2]
    num_rows = len(row_starts) - 1
    first = num_info_cols
    core = np.empty((4, z), np.uint8)
    b_row = 0
    for r in range(1, 3):
        for e in range(row_starts[r], row_starts[r + 1]):
            if cols[e] == first:
                b_row, b_shift = r, shifts[e]
    for f in range(words.shape[0]):
        word = words[f]
        core[:] = 0
        for r in range(4):
            _add_row(word, row_starts[r], row_starts[r + 1], cols, shifts, core[r])
        for i in range(z):
            j = i + b_shift
            word[first, j - z if j >= z else j] = (
                core[0, i] ^ core[1, i] ^ core[2, i] ^ core[3, i]
            )
        # Once more, now that the first parity column is there.
        core[:] = 0
        for r in range(4):
            _add_row(word, row_starts[r], row_starts[r + 1], cols, shifts, core[r])
        for i in range(z):
            word[first + 1, i] = core[0, i]
            word[first + 3, i] = core[3, i]
            # Row 1 sees the second and third column, row 2 the third and fourth.
            if b_row == 1:
                word[first + 2, i] = core[2, i] ^ core[3, i]
            else:
                word[first + 2, i] = core[1, i] ^ core[0, i]
        for r in range(4, num_rows):
            own = word[first + r]
            _add_row(word, row_starts[r], row_starts[r + 1] - 1, cols, shifts, own)
