"""The transport block of a frame."""

from functools import lru_cache

from commgen.coding.crc import crc_length
from commgen.coding.transport_block import TransportBlock
from commgen.frame.frame import Frame

_MAX_TBS = 3824  # TS 38.212 6.2.1: longer blocks have CRC24A


@lru_cache(maxsize=4)
def transport_block(frame: Frame) -> TransportBlock:
    """Return the codec of what a frame carries: one block with CRC16, NR LDPC.

    The rate of the frame counts the CRC among the information bits.

    Raises
    ------
    ValueError
        If the frame holds fewer than one bit, or more than a block with CRC16 has.

    Examples
    --------
    >>> transport_block(Frame()).tbs
    848
    """
    num_bits = int(frame.num_coded_bits * frame.coderate + 1e-9)
    tbs = num_bits - crc_length("CRC16")
    if not 1 <= tbs <= _MAX_TBS:
        raise ValueError(
            f"frame must hold 1 to {_MAX_TBS} bits, a transport block with CRC16, "
            f"got {tbs}."
        )
    return TransportBlock(
        tbs,
        frame.num_coded_bits,
        num_bits_per_symbol=frame.num_bits_per_symbol,
        coderate=frame.coderate,
    )
