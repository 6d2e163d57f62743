from .code import LDPCCode as LDPCCode
from .crc import (
    append_crc as append_crc,
    crc_bits as crc_bits,
    crc_length as crc_length,
    crc_passes as crc_passes,
)
from .decoder import LDPCDecoder as LDPCDecoder
from .encoder import LDPCEncoder as LDPCEncoder
from .layered import (
    Decoded as Decoded,
    LayeredDecoder as LayeredDecoder,
    extrinsic_llr as extrinsic_llr,
)
from .rate_matching import rate_matching_indices as rate_matching_indices
from .segmentation import Segmentation as Segmentation
from .tbs import transport_block_size as transport_block_size
from .transport_block import TransportBlock as TransportBlock
