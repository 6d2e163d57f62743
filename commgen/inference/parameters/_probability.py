"""TensorFlow Probability, loaded when it is asked for."""

import warnings
from typing import Any


def load_mcmc() -> Any:
    """Return ``tfp.mcmc``.

    Raises
    ------
    ImportError
        If TensorFlow Probability is not installed, with the extra that brings it.
    """
    try:
        with warnings.catch_warnings():
            # TFP 0.25 compares versions with distutils, which warns.
            warnings.simplefilter("ignore", DeprecationWarning)
            import tensorflow_probability as tfp

            return tfp.mcmc
    except ImportError as error:
        raise ImportError(
            "sampling needs TensorFlow Probability, which is not installed: "
            f"pip install '.[inference]' in a clone of commgen ({error})."
        ) from error
