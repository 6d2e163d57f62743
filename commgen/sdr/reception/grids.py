"""Whether an estimator is for a frame, whatever its data are mapped to."""

from commgen.exported.contract import ExportedContract
from commgen.frame.frame import Frame

_MAPPING = ("num_bits_per_symbol", "constellation")


def check_grid(contract: ExportedContract, frame: Frame) -> None:
    """Raise ValueError unless an estimator was made for the grid of a frame.

    Points are no concern of what estimates from pilots.

    Parameters
    ----------
    contract
        Of the estimator.
    frame
        What is received.
    """
    trained = contract.frame
    mapped = {key: trained[key] for key in _MAPPING if key in trained}
    contract.check_frame({**frame.contract(), **mapped})
