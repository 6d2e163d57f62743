"""NR channel coding outside the graph: LDPC, rate matching, CRC, transport blocks."""

from commgen.phy.coding.code import LDPCCode
from commgen.phy.coding.crc import append_crc, crc_bits, crc_length, crc_passes
from commgen.phy.coding.decoder import LDPCDecoder
from commgen.phy.coding.encoder import LDPCEncoder
from commgen.phy.coding.layered import Decoded, LayeredDecoder, extrinsic_llr
from commgen.phy.coding.rate_matching import rate_matching_indices
from commgen.phy.coding.segmentation import Segmentation
from commgen.phy.coding.tbs import transport_block_size
from commgen.phy.coding.transport_block import TransportBlock

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
