"""One-pass priors as ONNX: pilots of a frame in, channel and error variance out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from commgen.exported.contract import ExportedContract
from commgen.exported.session import ExportedModel
from commgen.exported.tensor import TensorSpec
from commgen.exported.writing import check_equal, save_exported
from commgen.frame.frame import Frame
from commgen.generative._untyped import tf
from commgen.generative.denoising.pairs import PairsDenoisingModel
from commgen.generative.noisy_examples import SNR_RANGE_DB
from commgen.generative.onnx_graph import to_onnx
from commgen.measures.decibel import noise_variance

#: ``kind`` of the contract.
PRIOR = "prior"
_CHECKED = 16  # random channels that both are compared on


def prior_contract(
    model: Any, frame: Frame, *, facts: Mapping[str, Any] | None = None
) -> ExportedContract:
    """Return what an exported prior promises.

    Parameters
    ----------
    model : PairsDenoisingModel
        A prior over the pilots of the frame: all of them, [num_pilot_symbols,
        num_pilot_subcarriers], or those of one OFDM symbol, [num_pilot_subcarriers],
        which is then used for each.
    frame
        The frame.
    facts
        Ranges and ``data_sha256`` of :class:`~commgen.exported.ExportedContract`.

    Raises
    ------
    ValueError
        If the model is of another family, takes conditions, or has another event.
    """
    _check(model, frame)
    event = tuple(model.event_shape)
    facts = {"snr_range_db": SNR_RANGE_DB, **(facts or {})}
    return ExportedContract(
        PRIOR,
        (
            TensorSpec(
                "y",
                (None, *event, 2),
                "float32",
                "received over sent pilots, real and imaginary part; channels of unit "
                "mean power",
            ),
            TensorSpec("no", (None,), "float32", "noise variance, linear"),
        ),
        (
            TensorSpec(
                "h_hat",
                (None, *event, 2),
                "float32",
                "posterior mean of the channel at the pilots, as y",
            ),
            TensorSpec(
                "err_var",
                (None, *event),
                "float32",
                "posterior variance of each entry, linear",
            ),
        ),
        frame=frame.contract(),
        **facts,
    )


def export_prior(
    model: Any, path: str | Path, contract: ExportedContract, *, made: str | None = None
) -> None:
    """Write a prior as ONNX, once it gives what TensorFlow gives.

    Parameters
    ----------
    model, contract
        Of :func:`prior_contract`.
    path
        The file, whose name ends in ``.onnx``.
    made
        As :func:`~commgen.exported.writing.save_exported`.

    Raises
    ------
    ValueError
        If it cannot be converted, or the two differ.
    """
    proto = to_onnx(model.denoise_pairs, [spec.shape for spec in contract.inputs])
    arrays = _examples(model.event_shape, contract.snr_range_db)
    found = model.denoise_pairs(*(tf.constant(array) for array in arrays.values()))
    names = [spec.name for spec in contract.outputs]
    wanted = {name: x.numpy() for name, x in zip(names, found, strict=True)}

    def check(exported: ExportedModel) -> None:
        check_equal("TensorFlow", exported.run(arrays), wanted)

    save_exported(path, proto, contract, check=check, made=made)


def _check(model: Any, frame: Frame) -> None:
    if not isinstance(model, PairsDenoisingModel):
        raise ValueError(
            "model must be a vae, gm-vae, vae-gan, diffusion or rectified-flow, which "
            f"estimate in one pass without complex numbers, got {type(model).__name__}."
        )
    if model.num_conditions:
        raise ValueError(
            "model must take no conditions, which a receiver does not know, got "
            f"{model.num_conditions}."
        )
    pilots = tuple(frame.pilots.shape)
    if tuple(model.event_shape) not in (pilots, pilots[1:]):
        raise ValueError(
            f"model must have the event_shape {pilots} or {pilots[1:]}, the pilots of "
            f"the frame, got {tuple(model.event_shape)}; train it with --pilots."
        )


def _examples(event_shape, snr_range_db) -> dict[str, np.ndarray]:
    """Return white channels in noise of all levels."""
    rng = np.random.default_rng(0)
    low, high = snr_range_db
    no = noise_variance(np.linspace(low, high, _CHECKED))
    scale = np.sqrt((1 + no) / 2).reshape(-1, *(1,) * (len(event_shape) + 1))
    y = scale * rng.normal(size=(_CHECKED, *event_shape, 2))
    return {"y": y.astype(np.float32), "no": no.astype(np.float32)}
