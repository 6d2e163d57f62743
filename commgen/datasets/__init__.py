"""Channel files, the catalogue of measured sets, importers and splits.

Nothing here needs TensorFlow.
"""

from commgen.datasets.card import Card, read_card
from commgen.datasets.catalogue import catalogue, data_root, locate, open_set
from commgen.datasets.channel_file import ChannelFile, read_channels, write_channels
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.intel5300 import Intel5300Packets, read_intel5300
from commgen.datasets.plain import open_plain
from commgen.datasets.polyu import open_intel5300, open_polyu
from commgen.datasets.source import Source, import_source
from commgen.datasets.splits import split_indices
from commgen.datasets.uwb import open_uwb

__all__ = [
    "Card",
    "ChannelFile",
    "ChannelMeta",
    "Intel5300Packets",
    "Source",
    "catalogue",
    "data_root",
    "import_source",
    "locate",
    "open_intel5300",
    "open_plain",
    "open_polyu",
    "open_set",
    "open_uwb",
    "read_card",
    "read_channels",
    "read_intel5300",
    "split_indices",
    "write_channels",
]
