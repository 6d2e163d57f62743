"""The experiments that run folders may hold, by the key of their configuration."""

from typing import Any

from commgen.montecarlo.experiment import Experiment
from commgen.phy.downlink.experiment import DownlinkExperiment
from commgen.phy.simulation.experiment import LinkExperiment

# A configuration without the key ``experiment`` is a link's.
KINDS: dict[str, type[Experiment]] = {
    "link": LinkExperiment,
    "downlink": DownlinkExperiment,
}


def find_kind(data: Any) -> type[Experiment]:
    """Return the class of the experiment that plain values configure."""
    name = data.get("experiment", "link") if isinstance(data, dict) else "link"
    if not isinstance(name, str) or name not in KINDS:
        known = ", ".join(KINDS)
        raise ValueError(f"experiment must be one of {known}, got {name!r}.")
    return KINDS[name]


def experiments_of(loaded: Any) -> list[Any]:
    """Return the experiments of a campaign, or the one that is loaded."""
    points = [point.experiment for point in getattr(loaded, "points", ())]
    return points or [loaded]


def check_inputs(loaded: Any) -> None:
    """Raise FileNotFoundError for the first file or folder that is not there."""
    for experiment in experiments_of(loaded):
        experiment.check_inputs()
