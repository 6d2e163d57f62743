from .amortised import (
    AnglePosteriorNetwork as AnglePosteriorNetwork,
    load_angle_network as load_angle_network,
)
from .axis import (
    Axis as Axis,
    angle_axis as angle_axis,
    delay_axis as delay_axis,
    doppler_axis as doppler_axis,
)
from .bounds import (
    deterministic_crb as deterministic_crb,
    noise_crb as noise_crb,
    stochastic_crb as stochastic_crb,
    to_value_bound as to_value_bound,
    ziv_zakai as ziv_zakai,
)
from .classical import (
    bartlett as bartlett,
    esprit as esprit,
    maximum_likelihood as maximum_likelihood,
    root_music as root_music,
)
from .drawn_paths import DrawnPaths as DrawnPaths
from .figure import save_ellipse_figure as save_ellipse_figure
from .grid import GridPosterior as GridPosterior, grid_posterior as grid_posterior
from .importance import (
    WeightedSamples as WeightedSamples,
    proposal_samples as proposal_samples,
    refined_samples as refined_samples,
)
from .infer import (
    ParameterPosterior as ParameterPosterior,
    infer_parameters as infer_parameters,
)
from .kfactor import (
    RicePosterior as RicePosterior,
    envelope_crb as envelope_crb,
    envelope_moments as envelope_moments,
    envelope_posterior as envelope_posterior,
    rice_crb as rice_crb,
    rice_moments as rice_moments,
    rice_posterior as rice_posterior,
)
from .marginal import Marginal as Marginal, ellipse as ellipse
from .model import SignalModel as SignalModel
from .sampling import ChainSamples as ChainSamples, sample_posterior as sample_posterior
from .simulate import draw_observations as draw_observations
