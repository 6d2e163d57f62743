from .codec import Codec as Codec, Report as Report
from .transform import MixtureTransformCodec as MixtureTransformCodec
