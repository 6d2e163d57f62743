"""Angles, delays, Doppler shifts, Rice factors and noise levels, with posteriors."""

from commgen.phy.parameters.amortised import (
    AnglePosteriorNetwork,
    load_angle_network,
)
from commgen.phy.parameters.axis import Axis, angle_axis, delay_axis, doppler_axis
from commgen.phy.parameters.bounds import (
    deterministic_crb,
    noise_crb,
    stochastic_crb,
    to_value_bound,
    ziv_zakai,
)
from commgen.phy.parameters.classical import (
    bartlett,
    esprit,
    maximum_likelihood,
    root_music,
)
from commgen.phy.parameters.figure import save_aoa_figure, save_ellipse_figure
from commgen.phy.parameters.grid import GridPosterior, grid_posterior
from commgen.phy.parameters.importance import (
    WeightedSamples,
    mixture_samples,
    refined_samples,
)
from commgen.phy.parameters.infer import ParameterPosterior, infer_parameters
from commgen.phy.parameters.kfactor import (
    RicePosterior,
    envelope_crb,
    envelope_moments,
    envelope_posterior,
    rice_crb,
    rice_moments,
    rice_posterior,
)
from commgen.phy.parameters.marginal import Marginal, ellipse
from commgen.phy.parameters.model import SignalModel
from commgen.phy.parameters.sampling import ChainSamples, sample_posterior
from commgen.phy.parameters.simulate import draw_observations
from commgen.phy.parameters.study import aoa_study

__all__ = [
    "AnglePosteriorNetwork",
    "Axis",
    "ChainSamples",
    "GridPosterior",
    "Marginal",
    "ParameterPosterior",
    "RicePosterior",
    "SignalModel",
    "WeightedSamples",
    "angle_axis",
    "aoa_study",
    "bartlett",
    "delay_axis",
    "deterministic_crb",
    "doppler_axis",
    "draw_observations",
    "ellipse",
    "envelope_crb",
    "envelope_moments",
    "envelope_posterior",
    "esprit",
    "grid_posterior",
    "infer_parameters",
    "load_angle_network",
    "maximum_likelihood",
    "mixture_samples",
    "noise_crb",
    "refined_samples",
    "rice_crb",
    "rice_moments",
    "rice_posterior",
    "root_music",
    "sample_posterior",
    "save_aoa_figure",
    "save_ellipse_figure",
    "stochastic_crb",
    "to_value_bound",
    "ziv_zakai",
]
