"""How a transport block becomes code blocks, and what each of them sends."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import check_int
from commgen.coding.base_graph import MAX_CODE_BLOCK, choose_base_graph
from commgen.coding.tbs import check_coderate

_LENGTH_CB_CRC = 24


@dataclass(frozen=True)
class Segmentation:
    """Code blocks of a transport block, TS 38.212 6.2.1, 6.2.2 and 5.2.2.

    Parameters
    ----------
    tbs
        A, bits of the transport block.
    base_graph
        1 or 2.
    crc
        CRC of the transport block, CRC24A or CRC16.
    num_bits
        B, bits with that CRC.
    num_blocks
        C, code blocks.
    k
        K', bits of each code block with its CRC24B, which only blocks of several have.
    """

    tbs: int
    base_graph: int
    crc: str
    num_bits: int
    num_blocks: int
    k: int

    @classmethod
    def of(cls, tbs: int, coderate: float) -> "Segmentation":
        """Split ``tbs`` bits at the target rate ``coderate``.

        Raises
        ------
        ValueError
            If ``coderate`` is not in (0, 1), or ``tbs`` does not split evenly into
            code blocks, as all sizes of TS 38.214 5.1.3.2 do.
        """
        tbs = check_int("tbs", tbs, low=1)
        check_coderate(coderate)
        base_graph = choose_base_graph(tbs, coderate)
        crc, length = ("CRC24A", 24) if tbs > 3824 else ("CRC16", 16)
        num_bits = tbs + length
        high = MAX_CODE_BLOCK[base_graph]
        if num_bits <= high:
            return cls(tbs, base_graph, crc, num_bits, 1, num_bits)
        num_blocks = -(-num_bits // (high - _LENGTH_CB_CRC))
        if num_bits % num_blocks:
            raise ValueError(
                f"tbs + {length} must be a multiple of its {num_blocks} code blocks "
                f"(TS 38.214 5.1.3.2 has such sizes only), got {tbs}."
            )
        k = num_bits // num_blocks + _LENGTH_CB_CRC
        return cls(tbs, base_graph, crc, num_bits, num_blocks, k)

    def output_lengths(self, num_coded_bits: int, unit: int) -> np.ndarray:
        """E_r, bits that each code block sends, TS 38.212 5.4.2.1: [num_blocks].

        Parameters
        ----------
        num_coded_bits
            G, bits of the codeword.
        unit
            Layers times bits per symbol, of which ``num_coded_bits`` is a multiple.

        Raises
        ------
        ValueError
            If it is not, or a block would send nothing.
        """
        total = check_int("num_coded_bits", num_coded_bits, low=1)
        if total % unit:
            raise ValueError(
                f"num_coded_bits must be a multiple of {unit}, num_layers times "
                f"num_bits_per_symbol (TS 38.212 5.4.2.1), got {total}."
            )
        if total // unit < self.num_blocks:
            raise ValueError(
                f"num_coded_bits must be at least {unit * self.num_blocks}, a symbol "
                f"on each layer for each code block, got {total}."
            )
        few, num_longer = divmod(total // unit, self.num_blocks)
        lengths = np.full(self.num_blocks, few * unit)
        lengths[self.num_blocks - num_longer :] += unit
        return lengths
