"""The names of families and of saved classes, and where each lies; loads none of them.

The one file that names modules in strings: what is named is imported once it is wanted.
"""

from typing import Literal

Family = Literal[
    "lmmse",
    "gmm",
    "vae",
    "gm-vae",
    "wgan",
    "vae-gan",
    "coupling",
    "diffusion",
    "rectified-flow",
    "autoregressive",
    "stationary",
    "separable",
]

#: Where a network family is told of, by its name: in ``FAMILIES`` of a module.
NETWORKS = {
    "vae": "commgen.generative.autoencoder.vae",
    "gm-vae": "commgen.generative.autoencoder.vae",
    "wgan": "commgen.generative.adversarial.gan",
    "vae-gan": "commgen.generative.adversarial.vaegan",
    "coupling": "commgen.generative.flow.coupling",
    "diffusion": "commgen.generative.diffusion.model",
    "rectified-flow": "commgen.generative.diffusion.rectified_flow",
    "autoregressive": "commgen.generative.autoregressive.model",
    "stationary": "commgen.generative.learned_filter.stationary",
    "separable": "commgen.generative.learned_filter.separable",
}

#: Where each class lies that a saved model may hold, by its registered name: in the
#: whole package, since a prior may be wrapped by classes of other rooms, and loads in
#: a process that has imported none of them.
MODULES = {
    "AdversarialAutoencoder": "commgen.generative.adversarial.vaegan",
    "AnglePosteriorNetwork": "commgen.inference.parameters.amortised",
    "Autoregressive": "commgen.generative.autoregressive.model",
    "BinMixer": "commgen.generative.learned_filter.line_network",
    "BinNetwork": "commgen.generative.flow.bin_network",
    "CalibratedPrior": "commgen.inference.uncertainty.calibrated",
    "CircularConv": "commgen.generative.networks.fourier_denoiser",
    "ConditionEmbedding": "commgen.generative.networks.fourier_denoiser",
    "Conditioning": "commgen.generative.condition",
    "CouplingFlow": "commgen.generative.flow.coupling",
    "Critic": "commgen.generative.adversarial.critic",
    "DenseDenoiser": "commgen.generative.networks.dense_denoiser",
    "Diffusion": "commgen.generative.diffusion.model",
    "FourierDenoiser": "commgen.generative.networks.fourier_denoiser",
    "FourierScale": "commgen.generative.networks.fourier",
    "GaussianMixture": "commgen.generative.mixture.gmm",
    "GaussianPreconditioner": "commgen.generative.diffusion.preconditioner",
    "GuardedPrior": "commgen.inference.uncertainty.guard",
    "LatentPrior": "commgen.generative.autoencoder.latent",
    "LineNetwork": "commgen.generative.learned_filter.line_network",
    "LineStage": "commgen.generative.learned_filter.line_network",
    "LookNetwork": "commgen.phy.looks.network",
    "PowerSpline": "commgen.generative.flow.power",
    "RadialCoupling": "commgen.generative.flow.radial",
    "ReceiverNetwork": "commgen.phy.neural.network",
    "RectifiedFlow": "commgen.generative.diffusion.rectified_flow",
    "RecurrentPredictor": "commgen.generative.autoregressive.recurrent",
    "ResidualBlock": "commgen.generative.networks.fourier_denoiser",
    "ResidualMLP": "commgen.generative.networks.subnets",
    "SeparableDenoiser": "commgen.generative.learned_filter.separable",
    "SnrTable": "commgen.generative.denoising.calibration",
    "SpectrumDecoder": "commgen.generative.networks.decoder",
    "SpectrumNetwork": "commgen.generative.learned_filter.spectrum_network",
    "SpectrumStage": "commgen.generative.learned_filter.spectrum_network",
    "StationaryDenoiser": "commgen.generative.learned_filter.stationary",
    "StationaryPredictor": "commgen.generative.autoregressive.stationary",
    "StepSequence": "commgen.generative.autoregressive.steps",
    "UnfoldedPrecoder": "commgen.phy.beams.unfolded",
    "VariationalAutoencoder": "commgen.generative.autoencoder.vae",
    "WassersteinGAN": "commgen.generative.adversarial.gan",
}
