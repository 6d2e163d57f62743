"""From a model folder to the file that a radio host runs, in float32 or int8."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._console import plain_console
from commgen.cli._tables import plain_table
from commgen.datasets.slots import load_slots
from commgen.exported.contract import ExportedContract
from commgen.frame.bursts import Bursts
from commgen.frame.frame import Frame
from commgen.frame.received import FrameConditions, at_unit_level, receive_grids

# Channels that convolutions are scaled by, and others that the loss is measured on.
_SCALED_BY, _MEASURED_ON = 128, 512
_LEAST_SLOTS = 64
_SNR_DB = (1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0)
_TARGET = 0.25


@dataclass(frozen=True)
class Exportable:
    """A loaded model, and what it will promise.

    Parameters
    ----------
    model
        The model.
    contract
        Its contract.
    """

    model: Any
    contract: ExportedContract

    @classmethod
    def load(cls, folder: Path) -> "Exportable":
        """Load a folder of ``commgen train``.

        Raises
        ------
        FileNotFoundError
            If there is no model.
        ValueError
            If it is damaged, or no model that can be exported.
        """
        from commgen.generative.files import model_file, read_card

        model_file(folder)
        card = read_card(folder)
        if card.get("format") == "commgen-receiver":
            return cls._receiver(folder)
        return cls._prior(folder, card)

    @classmethod
    def _receiver(cls, folder: Path) -> "Exportable":
        from commgen.phy.neural.export import receiver_contract
        from commgen.phy.neural.files import load_neural_receiver

        network, card = load_neural_receiver(folder)
        return cls(network, receiver_contract(network, card))

    @classmethod
    def _prior(cls, folder: Path, card: dict[str, Any]) -> "Exportable":
        from commgen.generative.export import prior_contract
        from commgen.generative.load import load_model
        from commgen.generative.slot_export import slot_contract

        if "frame" not in card:
            raise ValueError(
                f"{folder} must be trained on a frame, with --pilots or --family slot "
                "or neural-receiver; its card tells none."
            )
        names = ("data_sha256", "delay_spread_range_s", "doppler_range_hz")
        facts = {name: card.get(name) for name in names}
        make = slot_contract if card.get("learned_as") == "slot" else prior_contract
        frame, model = Frame.from_contract(card["frame"]), load_model(folder)
        return cls(model, make(model, frame, facts=facts))

    @property
    def suffix(self) -> str:
        """End of the name of its file."""
        return ".npz" if self.contract.kind == "slot" else ".onnx"

    def write(self, path: Path, *, made: str | None = None) -> None:
        """Write the file, in float32."""
        from commgen.generative.export import export_prior
        from commgen.generative.slot_export import export_slot
        from commgen.phy.neural.export import export_receiver

        writers = {"prior": export_prior, "slot": export_slot}
        write = writers.get(self.contract.kind, export_receiver)
        write(self.model, path, self.contract, made=made)


def write_int8(what: Exportable, path: Path, channels: Path, *, made: str) -> None:
    """Write the file with convolutions in int8, and print what that costs.

    Parameters
    ----------
    what
        The model.
    path
        The file.
    channels
        Channel file with slots of the frame: some scale the convolutions, on others
        the loss is measured.
    made
        As :meth:`Exportable.write`.

    Raises
    ------
    ValueError
        If the model has no convolutions, there are too few channels, or int8 is slower.
    """
    import onnx

    from commgen.exported.quantise import quantise
    from commgen.exported.writing import save_exported
    from commgen.sdr.reception.learned import ModelReceiver

    frame = Frame.from_contract(what.contract.frame)
    h = load_slots(channels, frame).h
    if len(h) < _LEAST_SLOTS:
        raise ValueError(
            f"--int8 must name at least {_LEAST_SLOTS} channels, got {len(h)}."
        )
    num = min(_SCALED_BY, len(h) // 2)
    conditions = FrameConditions(what.contract.snr_range_db)
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.onnx") for name in ("float32", "int8")}
        what.write(paths["float32"])
        before = ModelReceiver(paths["float32"], frame, fall_back=False)
        seen = receive_grids(h[:num], frame, conditions, np.random.default_rng(0))
        seen = at_unit_level(seen, frame)
        small = quantise(onnx.load(paths["float32"]), before.inputs(seen.y, seen.no))
        save_exported(paths["int8"], small, what.contract)
        receivers = {"float32": before}
        receivers["int8"] = ModelReceiver(paths["int8"], frame, fall_back=False)
        _judge(receivers, h[num : num + _MEASURED_ON], frame)
    save_exported(path, small, what.contract, made=made)


def _judge(receivers: dict[str, Any], h: np.ndarray, frame: Frame) -> None:
    """Print what int8 costs and saves, and raise where it does not save."""
    from commgen.sdr.reception.comparison import compare_receivers

    quiet = FrameConditions(bursts=Bursts(probability=0.0))
    found = compare_receivers(h, receivers, _SNR_DB, quiet, seed=1, frame=frame)
    rows = [
        {"snr_db": f"{snr:g}"}
        | {f"BER {name}": f"{found.ber[name][i]:.4f}" for name in receivers}
        | {f"BLER {name}": f"{found.bler(name)[i]:.4f}" for name in receivers}
        for i, snr in enumerate(_SNR_DB)
    ]
    ms = found.cpu_ms
    console = plain_console()
    console.print(plain_table(f"int8, on {len(h)} channels", rows))
    loss, low, high = found.gain_db("float32", "int8", _TARGET)
    console.print(
        f"int8 needs {loss:.3f} dB more SNR at BLER {_TARGET:g} ({low:.3f} to "
        f"{high:.3f}); a slot takes {ms['int8']:.3f} ms of CPU, {ms['float32']:.3f} in "
        "float32",
        soft_wrap=True,
    )
    if ms["int8"] >= ms["float32"]:
        raise ValueError(
            f"--int8 must make the model faster, it takes {ms['int8']:.3f} ms of CPU a "
            f"slot and {ms['float32']:.3f} in float32; export it without."
        )
