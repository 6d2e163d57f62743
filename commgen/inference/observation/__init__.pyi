from .bussgang import (
    bussgang_lmmse as bussgang_lmmse,
    quantized_covariance as quantized_covariance,
)
from .infer import (
    infer as infer,
    least_squares as least_squares,
    linear_mmse as linear_mmse,
)
from .linear import LinearObservation as LinearObservation
from .noise import (
    NoiseEstimate as NoiseEstimate,
    denoise_unknown_noise as denoise_unknown_noise,
    estimate_noise as estimate_noise,
)
from .powers import power_posterior as power_posterior
from .quantized import quantized_posterior as quantized_posterior
from .quantizer import (
    Quantizer as Quantizer,
    distortion as distortion,
    optimal_step as optimal_step,
)
from .tracking import (
    MixtureTracker as MixtureTracker,
    TrackerState as TrackerState,
    jakes_correlation as jakes_correlation,
)
from .users import infer_users as infer_users
