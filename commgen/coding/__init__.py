"""NR channel coding outside the graph: LDPC, rate matching, CRC, transport blocks."""

from commgen.coding.code import LDPCCode
from commgen.coding.crc import append_crc, crc_bits, crc_length, crc_passes
from commgen.coding.decoder import LDPCDecoder
from commgen.coding.encoder import LDPCEncoder
from commgen.coding.layered import Decoded, LayeredDecoder, extrinsic_llr
from commgen.coding.rate_matching import rate_matching_indices
from commgen.coding.segmentation import Segmentation
from commgen.coding.tbs import transport_block_size
from commgen.coding.transport_block import TransportBlock

__all__ = [
    "Decoded",
    "LDPCCode",
    "LDPCDecoder",
    "LDPCEncoder",
    "LayeredDecoder",
    "Segmentation",
    "TransportBlock",
    "append_crc",
    "crc_bits",
    "crc_length",
    "crc_passes",
    "extrinsic_llr",
    "rate_matching_indices",
    "transport_block_size",
]
