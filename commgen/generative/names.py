"""The names of the families, for whoever offers them without loading any."""

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
