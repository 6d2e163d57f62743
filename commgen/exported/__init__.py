"""Models in ONNX files with a contract, run without the library that trained them."""

from commgen.exported.contract import METADATA_KEY, POWER_FACTOR, ExportedContract
from commgen.exported.session import ExportedModel
from commgen.exported.tensor import TensorSpec

__all__ = [
    "METADATA_KEY",
    "POWER_FACTOR",
    "ExportedContract",
    "ExportedModel",
    "TensorSpec",
]
