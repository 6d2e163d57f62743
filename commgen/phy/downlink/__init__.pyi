from .adaptation import believed_mcs as believed_mcs, highest_mcs as highest_mcs
from .blocks import BlockCodec as BlockCodec
from .link import (
    Delivery as Delivery,
    DownlinkLink as DownlinkLink,
    SlotDraws as SlotDraws,
)
from .reception import (
    Reception as Reception,
    effective_channels as effective_channels,
)
from .thresholds import decoding_thresholds as decoding_thresholds
