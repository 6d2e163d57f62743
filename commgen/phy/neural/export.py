"""Neural receivers as ONNX: features of a received slot in, LLRs out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from commgen.exported.contract import ExportedContract
from commgen.exported.session import ExportedModel
from commgen.exported.tensor import TensorSpec
from commgen.exported.writing import check_equal, save_exported
from commgen.frame.frame import Frame
from commgen.generative.onnx_graph import to_onnx

#: Estimator that the features come from, to ``kind`` of the contract.
KINDS = {"ls": "ls-receiver", "repaired": "repaired-receiver"}
_CHECKED = 4  # random slots that both are compared on
_MEANING = (
    "features of each element: 1 for data; log10 of the noise variance; real and "
    "imaginary part of what was received, of the {} channel estimate, and of the "
    "equalised symbol; LLRs, within 20"
)


def receiver_contract(network: Any, card: Mapping[str, Any]) -> ExportedContract:
    """Return what an exported receiver promises.

    Parameters
    ----------
    network, card
        Of :func:`~commgen.phy.neural.files.load_neural_receiver`.

    Raises
    ------
    ValueError
        If the card lacks the frame, has one of several antennas, or does not fit the
        network.
    """
    frame = _frame_of(card)
    features = card.get("features", "ls")
    if features not in KINDS:
        raise ValueError(f"features of the card must be of {[*KINDS]}, got {features}.")
    q = frame.num_bits_per_symbol
    if network.num_bits_per_symbol != q:
        raise ValueError(
            f"network must be for the {q} bits a symbol of its card's frame, got "
            f"{network.num_bits_per_symbol}."
        )
    z_shape, llr_shape = ((None, *frame.grid_shape, n) for n in (8 + q, q))
    z = TensorSpec("z", z_shape, "float32", _MEANING.format(features))
    llr = TensorSpec("llr", llr_shape, "float32", "ln p(1) / p(0) of each bit")
    names = ("delay_spread_range_s", "doppler_range_hz", "cfo_range_hz")
    ranges: dict[str, Any] = {name: card.get(name) for name in names}
    return ExportedContract(
        KINDS[features],
        (z,),
        (llr,),
        snr_range_db=card["snr_range_db"],
        frame=frame.contract(),
        data_sha256=card.get("data_sha256"),
        **ranges,
    )


def export_receiver(
    network: Any,
    path: str | Path,
    contract: ExportedContract,
    *,
    made: str | None = None,
) -> None:
    """Write a receiver as ONNX, once it gives what Keras gives.

    Parameters
    ----------
    network : ReceiverNetwork
        The network.
    path
        The file, whose name ends in ``.onnx``.
    contract
        Of :func:`receiver_contract`.
    made
        As :func:`~commgen.exported.writing.save_exported`.

    Raises
    ------
    ValueError
        If it cannot be converted, or the two differ.
    """
    (z,), (llr,) = contract.inputs, contract.outputs
    rng = np.random.default_rng(0)
    shape: Any = (_CHECKED, *z.shape[1:])
    shown = rng.normal(size=shape).astype(np.float32)
    wanted = {llr.name: network(tf.constant(shown)).numpy()}
    proto = to_onnx(lambda z: (network(z),), [z.shape])

    def check(exported: ExportedModel) -> None:
        check_equal("Keras", exported.run({z.name: shown}), wanted)

    save_exported(path, proto, contract, check=check, made=made)


def _frame_of(card: Mapping[str, Any]) -> Frame:
    told = card.get("frame")
    if not isinstance(told, Mapping):
        raise ValueError("the card of a receiver must tell its frame, it is missing.")
    try:
        return Frame.from_contract(told)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the receiver's frame must be one of a radio host: {error}"
        ) from error
