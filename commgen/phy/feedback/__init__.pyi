from .codec import Codec as Codec, Report as Report
from .dft import DftCodec as DftCodec
from .differential import (
    DifferentialCodec as DifferentialCodec,
    TrackState as TrackState,
)
from .few_paths import PathCodec as PathCodec
from .goal import RateTransformCodec as RateTransformCodec
from .ideal import ideal_errors as ideal_errors
from .lags import LagProcess as LagProcess, lag_correlations as lag_correlations
from .pilots import sector_pilots as sector_pilots
from .product import ProductCodec as ProductCodec, learn_codebook as learn_codebook
from .steered import SteeredMixture as SteeredMixture
from .steered_ideal import steered_ideal_errors as steered_ideal_errors
from .transform import MixtureTransformCodec as MixtureTransformCodec
from .trellis_codec import TrellisCodec as TrellisCodec
from .trellis_learning import learn_tables as learn_tables
from .trellis_tables import TrellisTables as TrellisTables
from .type_one import TypeOneCodec as TypeOneCodec
from .type_two import EnhancedTypeTwoCodec as EnhancedTypeTwoCodec
