"""Inference from any observation of a channel: linear, noisy, quantised, over slots."""

from commgen.phy.observation.bussgang import bussgang_lmmse, quantized_covariance
from commgen.phy.observation.infer import infer, least_squares, linear_mmse
from commgen.phy.observation.linear import LinearObservation
from commgen.phy.observation.noise import (
    NoiseEstimate,
    denoise_unknown_noise,
    estimate_noise,
)
from commgen.phy.observation.quantized import quantized_posterior
from commgen.phy.observation.quantizer import Quantizer, distortion, optimal_step
from commgen.phy.observation.tracking import (
    MixtureTracker,
    TrackerState,
    jakes_correlation,
)
from commgen.phy.observation.users import infer_users

__all__ = [
    "LinearObservation",
    "MixtureTracker",
    "NoiseEstimate",
    "Quantizer",
    "TrackerState",
    "bussgang_lmmse",
    "denoise_unknown_noise",
    "distortion",
    "estimate_noise",
    "infer",
    "infer_users",
    "jakes_correlation",
    "least_squares",
    "linear_mmse",
    "optimal_step",
    "quantized_covariance",
    "quantized_posterior",
]
