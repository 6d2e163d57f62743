"""LDPC decoder."""

import numpy as np

from commgen.coding.encoder import LDPCEncoder
from commgen.coding.layered import Algorithm, Decoded, LayeredDecoder, check_no_nan
from commgen.coding.rate_matching import accumulate

_CHUNK = 1 << 18  # LLRs of mother codewords at a time, 1 MiB: they stay in the cache


class LDPCDecoder:
    """Decoder of what an :class:`LDPCEncoder` sends.

    Undoes interleaving and rate matching, adds up repeated bits, and decodes as
    :class:`~commgen.coding.layered.LayeredDecoder` does.

    Parameters
    ----------
    encoder : LDPCEncoder
        The encoder.
    num_iterations, algorithm, early_stop
        As in :class:`~commgen.coding.layered.LayeredDecoder`.

    Input
    -----
    llr : [..., n], float
        log p(1) / p(0) of the coded bits, as Sionna's demappers give it. Magnitudes
        above 64 count as 64.

    Output
    ------
    bits_hat : [..., k], uint8
        Decisions. A frame of zeros only gives zeros.

    Raises
    ------
    ValueError
        If ``llr`` ends in another length, or holds NaN.

    Examples
    --------
    >>> encoder = LDPCEncoder(100, 200)
    >>> decoder = LDPCDecoder(encoder)
    >>> bits = np.arange(100) % 2
    >>> bool(np.all(decoder(4.0 * encoder(bits) - 2) == bits))
    True
    """

    def __init__(
        self,
        encoder: LDPCEncoder,
        *,
        num_iterations: int = 20,
        algorithm: Algorithm = "offset-minsum",
        early_stop: bool = True,
    ):
        if not isinstance(encoder, LDPCEncoder):
            raise TypeError(f"encoder must be an LDPCEncoder, got {type(encoder)}.")
        self.encoder = encoder
        self._layered = LayeredDecoder(
            encoder.code,
            num_iterations=num_iterations,
            algorithm=algorithm,
            early_stop=early_stop,
        )
        code = encoder.code
        last = int(encoder.indices.max()) // code.z
        self._num_llr = code.z * (max(last, code.graph.num_info_cols + 3) + 1)

    def __call__(self, llr) -> np.ndarray:
        """Decode, and return the decisions only."""
        return self.decode(llr).bits

    def decode(self, llr, *, soft: bool = False) -> Decoded:
        """Decode, and tell of each frame how it went.

        Parameters
        ----------
        llr : [..., n], float
            As above.
        soft
            Return the LLRs of the coded bits too.

        Returns
        -------
        Decoded
            Its arrays are [..., k], [...] and [..., n].
        """
        llr = np.ascontiguousarray(llr, np.float32)
        n = self.encoder.n
        if not llr.ndim or llr.shape[-1] != n:
            raise ValueError(f"llr must be [..., {n}], got {llr.shape}.")
        check_no_nan(llr)
        lead, flat = llr.shape[:-1], llr.reshape(-1, n)
        size = max(1, _CHUNK // self._num_llr)
        starts = range(0, max(1, len(flat)), size)
        parts = [self._decode_chunk(flat[i : i + size], soft) for i in starts]
        posterior = None
        if soft:
            # Of mother codewords: repeated bits share one.
            found = [np.take(p.llr, self.encoder.indices, axis=1) for p in parts]
            posterior = np.concatenate(found).reshape(*lead, n)
        return Decoded(
            np.concatenate([p.bits for p in parts]).reshape(*lead, self.encoder.k),
            np.concatenate([p.num_iterations for p in parts]).reshape(lead),
            np.concatenate([p.parity_ok for p in parts]).reshape(lead),
            posterior,
        )

    def _decode_chunk(self, llr, soft):
        mother = np.zeros((len(llr), self._num_llr), np.float32)
        accumulate(mother, llr, self.encoder.indices)
        return self._layered.decode(mother, soft=soft)
