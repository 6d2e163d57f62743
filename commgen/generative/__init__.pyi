from .adversarial.gan import WassersteinGAN as WassersteinGAN
from .adversarial.vaegan import AdversarialAutoencoder as AdversarialAutoencoder
from .autoencoder.vae import VariationalAutoencoder as VariationalAutoencoder
from .autoregressive.model import Autoregressive as Autoregressive
from .diffusion.model import Diffusion as Diffusion
from .diffusion.preconditioner import GaussianPreconditioner as GaussianPreconditioner
from .diffusion.rectified_flow import RectifiedFlow as RectifiedFlow
from .diffusion.reflow import Pairs as Pairs
from .files import read_card as read_card
from .flow.coupling import CouplingFlow as CouplingFlow
from .learned_filter.separable import SeparableDenoiser as SeparableDenoiser
from .learned_filter.stationary import StationaryDenoiser as StationaryDenoiser
from .load import load_model as load_model
from .mixture.gmm import GaussianMixture as GaussianMixture
from .mixture.sample_covariance import (
    choose_lmmse_prior as choose_lmmse_prior,
    lmmse_prior as lmmse_prior,
)
from .model import (
    GenerativeModel as GenerativeModel,
    Posterior as Posterior,
    Prior as Prior,
    check_channels as check_channels,
)
from .names import Family as Family
from .networks.dense_denoiser import DenseDenoiser as DenseDenoiser
from .networks.fourier_denoiser import FourierDenoiser as FourierDenoiser
from .recipes import learn as learn
from .training import TrainingConfig as TrainingConfig
