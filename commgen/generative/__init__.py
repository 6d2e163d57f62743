"""Distributions of complex channels that one can fit, sample and invert."""

from commgen.generative.denoiser import FourierDenoiser
from commgen.generative.diffusion import Diffusion
from commgen.generative.files import load_model, read_card
from commgen.generative.gmm import GaussianMixture
from commgen.generative.model import GenerativeModel, Posterior, check_channels
from commgen.generative.preconditioner import GaussianPreconditioner
from commgen.generative.training import TrainingConfig

__all__ = [
    "Diffusion",
    "FourierDenoiser",
    "GaussianMixture",
    "GaussianPreconditioner",
    "GenerativeModel",
    "Posterior",
    "TrainingConfig",
    "check_channels",
    "load_model",
    "read_card",
]
