"""Distributions of complex channels that one can fit, sample and invert."""

from commgen.generative.autoregressive import Autoregressive
from commgen.generative.coupling import CouplingFlow
from commgen.generative.denoiser import FourierDenoiser
from commgen.generative.dense_denoiser import DenseDenoiser
from commgen.generative.diffusion import Diffusion
from commgen.generative.files import read_card
from commgen.generative.gan import WassersteinGAN
from commgen.generative.gmm import GaussianMixture
from commgen.generative.langevin import langevin_posterior
from commgen.generative.load import load_model
from commgen.generative.map_estimate import MapEstimate, map_estimate
from commgen.generative.model import (
    GenerativeModel,
    Posterior,
    Prior,
    check_channels,
)
from commgen.generative.preconditioner import GaussianPreconditioner
from commgen.generative.rectified_flow import RectifiedFlow
from commgen.generative.separable import SeparableDenoiser
from commgen.generative.stationary_denoiser import StationaryDenoiser
from commgen.generative.straight import Pairs
from commgen.generative.training import TrainingConfig
from commgen.generative.vae import VariationalAutoencoder
from commgen.generative.vaegan import AdversarialAutoencoder

__all__ = [
    "AdversarialAutoencoder",
    "Autoregressive",
    "CouplingFlow",
    "DenseDenoiser",
    "Diffusion",
    "FourierDenoiser",
    "GaussianMixture",
    "GaussianPreconditioner",
    "GenerativeModel",
    "MapEstimate",
    "Pairs",
    "Posterior",
    "Prior",
    "RectifiedFlow",
    "SeparableDenoiser",
    "StationaryDenoiser",
    "TrainingConfig",
    "VariationalAutoencoder",
    "WassersteinGAN",
    "check_channels",
    "langevin_posterior",
    "load_model",
    "map_estimate",
    "read_card",
]
