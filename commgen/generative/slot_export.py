"""Mixtures over slots as plain arrays, which a radio host infers with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from commgen.exported.contract import ExportedContract
from commgen.exported.tensor import TensorSpec
from commgen.frame.frame import Frame
from commgen.frame.slot_files import save_grid_mixture
from commgen.frame.slot_mixture import GridMixture
from commgen.generative.noisy_examples import SNR_RANGE_DB

#: ``kind`` of the contract.
SLOT = "slot"
#: Greatest relative error of the covariance, of what is left out on purpose.
_TOLERANCE = 1e-3


def slot_contract(
    model: Any, frame: Frame, *, facts: Mapping[str, Any] | None = None
) -> ExportedContract:
    """Return what an exported slot mixture promises.

    Parameters
    ----------
    model : GaussianMixture
        Over [num_ofdm_symbols, num_effective_subcarriers].
    frame, facts
        As in :func:`~commgen.generative.export.prior_contract`.

    Raises
    ------
    ValueError
        If the model has another event.
    """
    if tuple(model.event_shape) != frame.grid_shape:
        raise ValueError(
            f"model must have the event_shape {frame.grid_shape}, a slot of the frame, "
            f"got {tuple(model.event_shape)}."
        )
    shape = (None, *frame.grid_shape)
    y = "received slot, real and imaginary part; channels of unit mean power"
    return ExportedContract(
        SLOT,
        (
            TensorSpec("y", (*shape, 2), "float32", y),
            TensorSpec("no", (None,), "float32", "noise variance, linear"),
        ),
        (
            TensorSpec("h_hat", (*shape, 2), "float32", "posterior mean of the slot"),
            TensorSpec("err_var", shape, "float32", "posterior variance, linear"),
        ),
        snr_range_db=SNR_RANGE_DB,
        frame=frame.contract(),
        **(facts or {}),
    )


def export_slot(
    model: Any, path: str | Path, contract: ExportedContract, *, made: str | None = None
) -> None:
    """Write a mixture over slots as ``.npz``, once its covariance is the model's.

    Parameters
    ----------
    model, contract
        Of :func:`slot_contract`.
    path
        The file, whose name ends in ``.npz``.
    made
        As :func:`~commgen._files.npz.write_npz`.

    Raises
    ------
    ValueError
        If the name has another end, or the covariances differ.
    """
    mixture = GridMixture.from_mixture(model)
    wanted, found = _covariance(model.mixture), _grid_covariance(mixture)
    error = float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
    if not error <= _TOLERANCE:
        raise ValueError(
            f"the covariance of the exported mixture must be within {_TOLERANCE:g} of "
            f"the model's, got {error:.3g}."
        )
    save_grid_mixture(mixture, path, contract=contract, made=made)


def _covariance(mixture: Any) -> np.ndarray:
    """Return the covariance of all components together, [size, size]."""
    weights = np.exp(np.asarray(mixture.log_weights, float))
    size = mixture.component(0).eigenvectors.shape[0]
    total = np.zeros((size, size), complex)
    for k, w in enumerate(weights / weights.sum()):
        one = mixture.component(k)
        total = total + w * (one.eigenvectors * one.excess) @ one.eigenvectors.conj().T
    white = 0 if mixture.remainder is None else weights @ mixture.remainder
    return total + white / weights.sum() * np.eye(size)


def _grid_covariance(mixture: GridMixture) -> np.ndarray:
    """Return the same of the exported one."""
    B = np.kron(mixture.time, mixture.frequency)
    total = mixture.floor * np.eye(len(B), dtype=complex)
    for w, M, a in zip(mixture.weights, mixture.roots, mixture.specular, strict=True):
        G = B @ np.concatenate([M, a[:, None]], axis=1)
        total += w * G @ G.conj().T
    return total
