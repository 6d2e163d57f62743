"""An exported model, open in onnxruntime."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._files.inputs import read_input
from commgen._files.npz import unreadable
from commgen.exported.contract import METADATA_KEY, ExportedContract
from commgen.exported.tensor import TensorSpec, check_tensors

# onnxruntime's names of the types in ``tensor.DTYPES``.
_ONNX_DTYPES = {
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}
# How protobuf writes the key "location" of weights that lie in another file.
_EXTERNAL_DATA = b"\n\x08location\x12"


class ExportedModel:
    """A model in an ONNX file that states its contract, run on the CPU.

    Nothing in such a file is executed but the operators of ONNX; weights in other files
    are refused.

    Parameters
    ----------
    path
        ONNX file with a contract in its metadata.
    num_threads
        Threads of onnxruntime.

    Attributes
    ----------
    contract : ExportedContract
        What the model promises.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModuleNotFoundError
        If onnxruntime is not installed.
    ValueError
        If the file is damaged, has no contract, or a graph that differs from it.
    """

    def __init__(self, path: str | Path, *, num_threads: int = 1):
        num_threads = check_int("num_threads", num_threads, low=1)
        self._path = Path(path)
        self._session = _open(self._path, num_threads)
        self.contract = _read_contract(self._path, self._session)
        contract, session = self.contract, self._session
        try:
            _check_graph("inputs", session.get_inputs(), contract.inputs)
            _check_graph("outputs", session.get_outputs(), contract.outputs)
        except ValueError as error:
            raise ValueError(f"{path} breaks its contract: {error}") from error

    def run(
        self,
        arrays: Mapping[str, np.ndarray],
        *,
        snr_db: Any = None,
        check: bool = True,
    ) -> dict[str, np.ndarray]:
        """Return what the model makes of its inputs.

        Parameters
        ----------
        arrays
            Name of each input to its array, as ``contract.inputs`` says.
        snr_db
            SNRs that must lie in the trained range; None asks nothing.
        check
            False skips all checks of the contract: arrays that were not made for the
            model then give numbers without meaning.

        Returns
        -------
        dict
            Name of each output to its array, as ``contract.outputs`` says.

        Raises
        ------
        ValueError
            If the inputs or the SNR do not fit the contract, the outputs break it, or
            onnxruntime fails.
        """
        if check:
            self.contract.check_arrays(arrays)
            if snr_db is not None:
                self.contract.check_snr(snr_db)
        given = {name: np.asarray(array) for name, array in arrays.items()}
        names = [spec.name for spec in self.contract.outputs]
        try:
            made = self._session.run(names, given)
        except Exception as error:  # onnxruntime's own kinds have no common base
            reason = " ".join(str(error).split()).rstrip(".")
            raise ValueError(f"{self._path} cannot be run: {reason}.") from error
        outputs = dict(zip(names, made, strict=True))
        if check:
            self._check_outputs(given, outputs)
        return outputs

    def _check_outputs(self, given: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Raise if outputs break the contract; onnxruntime only logs a false shape."""
        specs = (*self.contract.inputs, *self.contract.outputs)
        try:
            check_tensors(specs, {**given, **outputs})
        except ValueError as error:
            raise ValueError(f"{self._path} breaks its contract: {error}") from error


def _open(path: Path, num_threads: int) -> Any:
    """Return the session of a file."""
    if not path.is_file():
        raise FileNotFoundError(f"no model at {path}.")
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "exported models run in onnxruntime, which is missing: pip install "
            "'.[sdr]' in a clone of commgen.",
            name="onnxruntime",
        ) from error
    data = read_input(path)
    if _EXTERNAL_DATA in data:
        raise ValueError(f"{path} must hold its weights, they lie in another file.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised; print nothing beside
    try:
        return onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own kinds have no common base
        raise unreadable(path, ".onnx", error) from error


def _read_contract(path: Path, session: Any) -> ExportedContract:
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ValueError(
            f"{path} has no {METADATA_KEY} in its metadata: it promises nothing."
        )
    try:
        return ExportedContract.from_json(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _check_graph(what: str, nodes: Sequence[Any], specs: Sequence[TensorSpec]) -> None:
    """Raise unless tensors of the graph can be those of the contract.

    An axis that is free in the graph may be fixed in the contract, which then promises
    less; a fixed one must be the same in both.
    """
    found = {node.name: node for node in nodes}
    names = [spec.name for spec in specs]
    if set(found) != set(names):
        raise ValueError(f"{what} must be named {names}, got {list(found)}.")
    for spec in specs:
        node = found[spec.name]
        dtype = _ONNX_DTYPES.get(node.type, node.type)
        if dtype != spec.dtype:
            raise ValueError(f"{spec.name} must be {spec.dtype}, got {dtype}.")
        fixed = [n if isinstance(n, int) else None for n in node.shape]
        axes = zip(spec.shape, fixed, strict=False)
        if len(fixed) != len(spec.shape) or any(m not in (None, n) for n, m in axes):
            raise ValueError(f"{spec.name} must be {spec.layout}, got {node.shape}.")
