"""Distributions of complex channels that one can fit, sample and invert."""

from commgen.generative.adversarial.gan import WassersteinGAN
from commgen.generative.adversarial.vaegan import AdversarialAutoencoder
from commgen.generative.autoencoder.vae import VariationalAutoencoder
from commgen.generative.autoregressive.model import Autoregressive
from commgen.generative.diffusion.model import Diffusion
from commgen.generative.diffusion.preconditioner import GaussianPreconditioner
from commgen.generative.diffusion.rectified_flow import RectifiedFlow
from commgen.generative.diffusion.straight import Pairs
from commgen.generative.files import read_card
from commgen.generative.flow.coupling import CouplingFlow
from commgen.generative.langevin import langevin_posterior
from commgen.generative.learned_filter.separable import SeparableDenoiser
from commgen.generative.learned_filter.stationary import StationaryDenoiser
from commgen.generative.load import load_model
from commgen.generative.map_estimate import MapEstimate, map_estimate
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.model import (
    GenerativeModel,
    Posterior,
    Prior,
    check_channels,
)
from commgen.generative.networks.denoiser import FourierDenoiser
from commgen.generative.networks.dense_denoiser import DenseDenoiser
from commgen.generative.training import TrainingConfig

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
