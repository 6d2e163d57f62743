from . import (
    observation as observation,
    parameters as parameters,
    uncertainty as uncertainty,
)
from .nmse_sweep import (
    NmseSweep as NmseSweep,
    save_nmse_sweep as save_nmse_sweep,
    sweep_nmse as sweep_nmse,
)
from .posterior.langevin import langevin_posterior as langevin_posterior
from .posterior.map_estimate import (
    MapEstimate as MapEstimate,
    map_estimate as map_estimate,
)
