"""Every reader of the package, with sound files for it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Reader:
    """A function that reads a file of somebody else.

    Parameters
    ----------
    make
        Writes sound files into a folder, returns them.
    read
        Reads one; what it returns is compared where ``sealed``.
    sealed
        Whether a checksum seals the content: a damaged file is then refused, or its
        content is that of the sound one.
    heavy
        Whether it loads TensorFlow, or starts a process for each file.
    names
        Names in the package that it stands for.
    """

    make: Callable[[Path], list[Path]]
    read: Callable[[Path], Any]
    names: tuple[str, ...]
    sealed: bool = False
    heavy: bool = False


def _rng():
    return np.random.default_rng(1)


def _channels(*shape):
    parts = _rng().normal(size=(*shape, 2)).astype(np.float32)
    return parts[..., 0] + 1j * parts[..., 1]


def _meta():
    from commgen.datasets import ChannelMeta

    return ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3)


def make_channels(folder):
    from commgen.datasets import write_channels

    labels = {"day": np.arange(9), "name": np.array(["a", "b", "c"] * 3)}
    write_channels(folder / "a.h5", _channels(9, 2, 1, 1, 8), _meta(), labels)
    write_channels(folder / "b.h5", _channels(4, 1, 1, 1, 3), _meta())
    return [folder / "a.h5", folder / "b.h5"]


def read_channel_file(path):
    from commgen.datasets import ChannelFile, read_channels

    with ChannelFile.open(path) as file:
        file.verify()
    h, meta, labels = read_channels(path)
    parts = [h.tobytes(), meta.model_dump_json()]
    return digest(parts + [f"{k} {v.tolist()}" for k, v in sorted(labels.items())])


def read_recorded(path):
    from commgen.channels import RecordedChannel

    channel = RecordedChannel.from_file(path, seed=1)
    return digest([np.asarray(channel(4, 1, 30e3)[0]).tobytes()])


def digest(parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(part if isinstance(part, bytes) else str(part).encode())
    return total.hexdigest()


def make_arrays(folder):
    h = _channels(7, 2, 8)
    np.savez(folder / "a.npz", h=h)
    np.savez_compressed(folder / "b.npz", h=h, other=np.arange(3))
    np.save(folder / "c.npy", h)
    return [folder / name for name in ("a.npz", "b.npz", "c.npy")]


def read_plain(path):
    from commgen.datasets import kind_of_file, open_plain

    kind_of_file(path)
    array = "h" if path.name == "b.npz" else None
    source = open_plain(path, _meta(), array)
    h = source.read(np.arange(source.shape[0]))
    if h.shape != source.shape:
        raise AssertionError(f"read {h.shape} of {source.shape}")


def make_mat(folder):
    import h5py
    from scipy.io import savemat

    h = _channels(7, 2, 8)
    savemat(folder / "a.mat", {"h": h})
    savemat(folder / "b.mat", {"h": h, "s": {"x": h, "t": "text"}}, do_compression=True)
    savemat(folder / "c.mat", {"h": h[:, 0]}, format="4")
    with h5py.File(folder / "d.mat", "w", userblock_size=512) as file:
        kind = np.dtype([("real", "f8"), ("imag", "f8")])
        data = np.empty(h.T.shape, kind)
        data["real"], data["imag"] = h.T.real, h.T.imag
        file.create_dataset("h", data=data).attrs["MATLAB_class"] = np.bytes_("double")
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    content = (folder / "d.mat").read_bytes()
    (folder / "d.mat").write_bytes(head + content[len(head) :])
    return [folder / name for name in ("a.mat", "b.mat", "c.mat", "d.mat")]


def read_mat(path):
    from commgen.datasets import open_plain

    source = open_plain(path, _meta(), "h")
    source.read(np.arange(source.shape[0]))


def make_intel(folder):
    def record(num_rx, code=0xBB, rate=0x900, rssi=(33, 34, 35)):
        length = (30 * (num_rx * 16 + 3) + 7) // 8
        head = bytearray(20)
        head[8:16] = bytes([num_rx, 1, *rssi, 164, 40, 0b100100])
        head[16:18] = length.to_bytes(2, "little")
        head[18:20] = rate.to_bytes(2, "little")
        body = bytes([code]) + bytes(head) + _rng().bytes(length)
        return len(body).to_bytes(2, "big") + body

    (folder / "a.dat").write_bytes(b"".join(record(3) for _ in range(6)))
    mixed = [record(3), record(2), record(3, 0xC1), record(3, rate=0x100), bytes(64)]
    (folder / "b").write_bytes(b"".join(mixed))
    return [folder / "a.dat", folder / "b"]


def read_intel(path):
    from commgen.datasets import kind_of_file, open_intel5300

    kind_of_file(path)
    source = open_intel5300(path, drop_partial=True)
    h = source.read(np.arange(source.shape[0]))
    if not np.isfinite(h).all():
        raise AssertionError("channels are not finite")


def make_set(archive, arrays):
    def make(folder):
        np.savez(folder / archive, **arrays())
        return [folder / archive]

    return make


def _polyu():
    n, whole = 5, _rng().integers
    return {
        "csi": whole(-90, 90, (n, 3, 2, 30, 2)).astype(np.int8),
        "rssi": np.full((n, 3), 35, np.int16),
        **{k: np.full(n, v, np.int32) for k, v in (("noise", -90), ("agc", 40))},
        **{k: np.arange(n) for k in ("t_us", "day", "period", "loc")},
    }


def _uwb():
    n = 4
    return {
        "cir": _rng().integers(-90, 90, (n, 1016, 2)).astype(np.int16),
        "config": np.array([1, 1, 2, 3]),
        **{k: np.ones(n) for k in ("dist_m", "rsl_dbm", "fsl_dbm", "first_path")},
    }


def make_uwb(folder):
    make_set("uwb_cir.npz", _uwb)(folder)
    text = "file_id,label\n1,LOS\n2,NLOS\n3,NDP NLOS\n"
    (folder / "labels.csv").write_text(text)
    return [folder / "uwb_cir.npz", folder / "labels.csv"]


def read_set(opener):
    def read(path):
        import commgen.datasets as sets

        source = getattr(sets, opener)(path.parent)
        source.read(np.arange(source.shape[0]))

    return read


def make_uwb_log(folder):
    response = "RX OK HLP(745.5) NTH(0A1F) RSL(-79.1) FSL(-84.2)\nAccum Len 1016\n"
    response += "12, -7\n" * 1016
    (folder / "1.log").write_text(response * 60)
    return [folder / "1.log"]


def read_uwb_log(path):
    from commgen.datasets.repack import _read_uwb_log

    _read_uwb_log(path)


def make_cards(folder):
    root = Path(__file__).parents[2] / "datasets"
    made = []
    for path in sorted(root.glob("*/card.yaml")):
        made.append(folder / f"{path.parent.name}.yaml")
        made[-1].write_bytes(path.read_bytes())
    return made


def read_card(path):
    from commgen.datasets import read_card

    read_card(path)


def make_configs(folder):
    from commgen.phy import EXAMPLE_YAML

    (folder / "a.yaml").write_text(EXAMPLE_YAML)
    examples = Path(__file__).parents[2] / "examples"
    for path in sorted(examples.glob("*.yaml")):
        (folder / path.name).write_bytes(path.read_bytes())
    return sorted(folder.glob("*.yaml"))


def read_config(path):
    from commgen.montecarlo.campaign import load_campaign
    from commgen.phy import LinkExperiment

    load_campaign(path, LinkExperiment)


def make_channel_config(folder):
    text = "scenario: cdl\nmodel: [A, C]\ndelay_spread_s: 1.0e-7\nspeed_max_m_s: 3\n"
    (folder / "c.yaml").write_text(text)
    (folder / "d.yaml").write_text("scenario: rayleigh\nnum_rx_ant: 4\n")
    return [folder / "c.yaml", folder / "d.yaml"]


def read_channel_config(path):
    from commgen.cli.datasets import _channel_config

    _channel_config(str(path))


def coin():
    import importlib.util
    import sys

    path = Path(__file__).parents[1] / "montecarlo/samples/coin.py"
    spec: Any = importlib.util.spec_from_file_location("coin", path)
    module = sys.modules.setdefault("coin", importlib.util.module_from_spec(spec))
    if not hasattr(module, "Coin"):
        spec.loader.exec_module(module)
    return module.Coin


def make_run(folder):
    from commgen.montecarlo import run_experiment

    values = {
        "seed": 1,
        "tails": {"fair": 0.5, "bent": 0.3},
        "bias": [0.0, 1.0],
        "sweep": {"batch_size": 20, "max_num_blocks": 60, "target_block_errors": 30},
    }
    run_experiment(coin().parse(values), folder / "run", progress=False)
    return [folder / "run" / n for n in ("state.npz", "card.json", "config.yaml")]


def read_run(path):
    from commgen.montecarlo.campaign import load_run, resume

    run = load_run(path.parent)
    found = resume(path.parent, coin(), progress=False)
    return digest([str(run.rows()), str(found.rows)])


def make_model_card(folder):
    card = {"family": "gmm", "layout": ["rx"], "meta": {"domain": "frequency"}}
    (folder / "card.json").write_text(json.dumps({**card, "commgen": "0.1"}))
    return [folder / "card.json"]


def read_model_card(path):
    from commgen.generative import read_card

    read_card(path.parent)


def make_slot_mixture(folder):
    from commgen.frame import GridMixture, save_grid_mixture

    time, frequency = (np.linalg.qr(_rng().normal(size=(n, 3)))[0] for n in (4, 6))
    covariances = [np.eye(9) * (k + 1) for k in range(2)]
    specular = np.zeros((2, 9))
    mixture = GridMixture.of(
        time, frequency, np.array([0.5, 0.5]), covariances, specular
    )
    save_grid_mixture(mixture, folder / "m.npz")
    return [folder / "m.npz"]


def read_slot_mixture(path):
    from commgen.frame import load_grid_mixture

    load_grid_mixture(path)


def make_exported(folder):
    import onnx
    from onnx import TensorProto, helper

    from commgen.exported import METADATA_KEY, ExportedContract, TensorSpec

    contract = ExportedContract(
        kind="receiver",
        inputs=[TensorSpec("z", (None, 3), "float32", "features, linear")],
        outputs=[TensorSpec("llr", (None, 2), "float32", "log-likelihood ratios")],
        snr_range_db=(0, 20),
        mean_power={"z": 1.0},
    )
    w = onnx.numpy_helper.from_array(np.ones((3, 2), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["z", "w"], ["llr"])],
        "graph",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("llr", TensorProto.FLOAT, ["n", 2])],
        [w],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    onnx.save(model, str(folder / "m.onnx"))
    return [folder / "m.onnx"]


def read_exported(path):
    from commgen.exported import ExportedModel

    ExportedModel(path)


def make_observed(folder):
    y, A = _channels(4, 8), _channels(5, 8)
    np.savez(folder / "a.npz", y=y, snr_db=3.0)
    np.savez(folder / "b.npz", y=_channels(4, 5), A=A, no=0.1)
    np.savez(folder / "c.npz", y=y, no=np.full(4, 0.1), num_bits=2, step=0.5)
    return [folder / f"{name}.npz" for name in "abc"]


def read_observed(path):
    from commgen.cli import _observed

    arrays = _observed.read_observed(path)
    no = _observed.read_noise(arrays)
    y, A = _observed.observed(arrays, (8,))
    _observed.read_quantizer(arrays)
    _observed.check_power(y, no, A)


def make_picture(folder):
    from matplotlib.figure import Figure

    Figure(figsize=(1, 1)).savefig(folder / "a.png")
    return [folder / "a.png"]


def read_picture(path):
    from commgen._files.picture import picture_made

    picture_made(path)


def make_claim(folder):
    from commgen._files.claims import claim_folder

    claim_folder(folder / "out", {"seed": 1, "size": [1, 2]}, "study")
    return [folder / "out/study.json"]


def read_claim(path):
    from commgen._files.claims import claim_folder

    claim_folder(path.parent, {"seed": 1, "size": [1, 2]}, "study")


def make_stage(folder):
    from commgen.studies.stages import Stages

    Stages(folder).result("step", {"seed": 1}, lambda: {"rows": [1, 2]})
    return [folder / "step.json"]


def read_stage(path):
    from commgen.studies.stages import Stages

    Stages(path.parent).result("step", {"seed": 1}, lambda: {"rows": [1, 2]})


def _mixture():
    from commgen.generative import GaussianMixture

    model = GaussianMixture((4,), 2)
    model.fit(_channels(60, 4) / 2**0.5, seed=0)
    return model


def make_models(folder):
    from commgen.generative import TrainingConfig, VariationalAutoencoder

    _mixture().save(folder / "gmm")
    model = VariationalAutoencoder((4,), 2, width=8, depth=1)
    once = TrainingConfig(num_epochs=1)
    model.fit(_channels(64, 4) / 2**0.5, seed=0, training=once)
    model.save(folder / "vae")
    return [folder / "gmm/model.keras", folder / "vae/model.keras"]


def read_model(path):
    from commgen.generative import load_model

    load_model(path.parent)


def make_recalibration(folder):
    from commgen.inference.uncertainty import Recalibration

    h = _channels(400, 4)
    h_hat = h + 0.3 * _channels(400, 4)[::-1]
    err_var = np.full(h.shape, 0.1, np.float32)
    found = Recalibration.fit(h_hat, err_var, h, np.full(400, 0.1))
    found.save(folder / "r.npz")
    return [folder / "r.npz"]


def read_recalibration(path):
    from commgen.inference.uncertainty import Recalibration

    Recalibration.load(path)


def make_detector(folder):
    from commgen.inference.uncertainty import NoveltyDetector

    detector = NoveltyDetector(_mixture()).fit(_channels(40, 4), seed=0)
    detector.save(folder / "d.npz")
    _mixture().save(folder / "gmm")
    return [folder / "d.npz"]


def read_detector(path):
    from commgen.generative.load import load_prior
    from commgen.inference.uncertainty import NoveltyDetector

    NoveltyDetector(load_prior(path.parent / "gmm")).load(path)


READERS = {
    "channel-file": Reader(
        make_channels,
        read_channel_file,
        ("ChannelFile", "read_channels", "load_events"),
        sealed=True,
    ),
    "recorded": Reader(
        make_channels, read_recorded, ("RecordedChannel",), sealed=True, heavy=True
    ),
    "array": Reader(
        make_arrays, read_plain, ("open_plain", "kind_of_file", "read_npz")
    ),
    "matlab": Reader(make_mat, read_mat, ("read_mat",), heavy=True),
    "intel5300": Reader(make_intel, read_intel, ("read_intel5300", "open_intel5300")),
    "polyu": Reader(
        make_set("polyu_csi_3x2x30.npz", _polyu),
        read_set("open_polyu"),
        ("open_polyu",),
    ),
    "uwb": Reader(make_uwb, read_set("open_uwb"), ("open_uwb",)),
    "uwb-log": Reader(make_uwb_log, read_uwb_log, ("repack",)),
    "data-card": Reader(make_cards, read_card, ("read_card", "open_set")),
    "simulation": Reader(make_configs, read_config, ("load_config", "load_campaign")),
    "channel-config": Reader(make_channel_config, read_channel_config, ("read_yaml",)),
    "run": Reader(
        make_run,
        read_run,
        ("load_run", "load_runs", "load_saved", "resume", "load_state", "plot_folder"),
        sealed=True,
    ),
    "model-card": Reader(make_model_card, read_model_card, ("read_card",)),
    "slot-mixture": Reader(
        make_slot_mixture, read_slot_mixture, ("load_grid_mixture",)
    ),
    "exported": Reader(make_exported, read_exported, ("ExportedModel",)),
    "observed": Reader(make_observed, read_observed, ("read_observed",)),
    "picture": Reader(make_picture, read_picture, ("picture_made",)),
    "claim": Reader(make_claim, read_claim, ("claim_folder", "read_json")),
    "stage": Reader(make_stage, read_stage, ("Stages",)),
    "model": Reader(make_models, read_model, ("load_model", "load_prior"), heavy=True),
    "recalibration": Reader(
        make_recalibration, read_recalibration, ("Recalibration",), heavy=True
    ),
    "detector": Reader(make_detector, read_detector, ("NoveltyDetector",), heavy=True),
}
