from .card import Card as Card, read_card as read_card
from .catalogue import (
    catalogue as catalogue,
    data_root as data_root,
    locate as locate,
    open_set as open_set,
)
from .channel_file import (
    ChannelFile as ChannelFile,
    read_channels as read_channels,
    write_channels as write_channels,
)
from .channel_meta import ChannelMeta as ChannelMeta
from .events import (
    AXES as AXES,
    Events as Events,
    check_layout as check_layout,
    event_layout as event_layout,
    load_events as load_events,
    to_array as to_array,
)
from .importing import import_source as import_source
from .intel5300 import (
    Intel5300Log as Intel5300Log,
    Intel5300Packets as Intel5300Packets,
    read_intel5300 as read_intel5300,
)
from .intel5300_log import open_intel5300 as open_intel5300
from .kind import kind_of_file as kind_of_file
from .plain import open_plain as open_plain
from .polyu import open_polyu as open_polyu
from .source import Source as Source
from .splits import split_indices as split_indices
from .uwb import open_uwb as open_uwb
