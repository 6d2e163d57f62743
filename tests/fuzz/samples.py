"""Sound files for every reader of the package; each function returns those it wrote."""

import json
from pathlib import Path
from typing import Any

import numpy as np


def _rng():
    return np.random.default_rng(1)


def _channels(*shape):
    parts = _rng().normal(size=(*shape, 2)).astype(np.float32)
    return parts[..., 0] + 1j * parts[..., 1]


def meta():
    from commgen.datasets import ChannelMeta

    return ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3)


def channels(folder):
    from commgen.datasets import write_channels

    labels = {"day": np.arange(9), "name": np.array(["a", "b", "c"] * 3)}
    write_channels(folder / "a.h5", _channels(9, 2, 1, 1, 8), meta(), labels)
    write_channels(folder / "b.h5", _channels(4, 1, 1, 1, 3), meta())
    return [folder / "a.h5", folder / "b.h5"]


def arrays(folder):
    h = _channels(7, 2, 8)
    np.savez(folder / "a.npz", h=h)
    np.savez_compressed(folder / "b.npz", h=h, other=np.arange(3))
    np.save(folder / "c.npy", h)
    return [folder / name for name in ("a.npz", "b.npz", "c.npy")]


def mat(folder):
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


def intel(folder):
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


def polyu(folder):
    np.savez(folder / "polyu_csi_3x2x30.npz", **_polyu())
    return [folder / "polyu_csi_3x2x30.npz"]


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


def uwb(folder):
    np.savez(folder / "uwb_cir.npz", **_uwb())
    text = "file_id,label\n1,LOS\n2,NLOS\n3,NDP NLOS\n"
    (folder / "labels.csv").write_text(text)
    return [folder / "uwb_cir.npz", folder / "labels.csv"]


def uwb_log(folder):
    response = "RX OK HLP(745.5) NTH(0A1F) RSL(-79.1) FSL(-84.2)\nAccum Len 1016\n"
    response += "12, -7\n" * 1016
    (folder / "1.log").write_text(response * 60)
    return [folder / "1.log"]


def cards(folder):
    root = Path(__file__).parents[2] / "datasets"
    made = []
    for path in sorted(root.glob("*/card.yaml")):
        made.append(folder / f"{path.parent.name}.yaml")
        made[-1].write_bytes(path.read_bytes())
    return made


def configs(folder):
    from commgen.phy import EXAMPLE_YAML

    (folder / "a.yaml").write_text(EXAMPLE_YAML)
    return [folder / "a.yaml", *_example(folder, "pusch")]


def _example(folder, name):
    (folder / name).with_suffix(".yaml").write_bytes(
        (Path(__file__).parents[2] / "examples" / f"{name}.yaml").read_bytes()
    )
    return [folder / f"{name}.yaml"]


def channel_config(folder):
    text = "scenario: cdl\nmodel: [A, C]\ndelay_spread_s: 1.0e-7\nspeed_max_m_s: 3\n"
    (folder / "c.yaml").write_text(text)
    (folder / "d.yaml").write_text("scenario: rayleigh\nnum_rx_ant: 4\n")
    return [folder / "c.yaml", folder / "d.yaml", *_example(folder, "radio_channels")]


def coin():
    import importlib.util
    import sys

    path = Path(__file__).parents[1] / "montecarlo/samples/coin.py"
    spec: Any = importlib.util.spec_from_file_location("coin", path)
    module = sys.modules.setdefault("coin", importlib.util.module_from_spec(spec))
    if not hasattr(module, "Coin"):
        spec.loader.exec_module(module)
    return module.Coin


def run(folder):
    from commgen.montecarlo import run_experiment

    values = {
        "seed": 1,
        "tails": {"fair": 0.5, "bent": 0.3},
        "bias": [0.0, 1.0],
        "sweep": {"batch_size": 20, "max_num_blocks": 60, "target_block_errors": 30},
    }
    run_experiment(coin().parse(values), folder / "run", progress=False)
    return [folder / "run" / n for n in ("state.npz", "card.json", "config.yaml")]


def federation(folder):
    from commgen.federated.example import EXAMPLE_YAML

    (folder / "e.yaml").write_text(EXAMPLE_YAML)
    text = "nodes:\n  a: {channel: {scenario: rayleigh}, num_channels: 30}\n"
    (folder / "f.yaml").write_text(text + "strategy: {name: Krum}\nmin_nodes: 1\n")
    return [folder / "e.yaml", folder / "f.yaml"]


def federated_run(folder):
    from commgen.federated.config import parse_federation
    from commgen.federated.server.checkpoint import save_state
    from commgen.federated.server.home import FederatedHome

    node = {"channel": {"scenario": "rayleigh"}}
    home = FederatedHome(parse_federation({"nodes": {"a": node}}), folder / "run")
    home.begin()
    state = home.state()
    state.arrays = {"weights/a": _rng().normal(size=(3, 4))}
    state.numbers = {"rounds_done": 2, "best_loss": 1.5}
    state.nodes = {"a": {"answers": 3, "late": 1, "reason": "it slept"}}
    save_state(folder / "run" / "state.npz", state)
    return [folder / "run" / n for n in ("state.npz", "card.json", "config.yaml")]


def model_card(folder):
    card = {"family": "gmm", "layout": ["rx"], "meta": {"domain": "frequency"}}
    (folder / "card.json").write_text(json.dumps({**card, "commgen": "0.1"}))
    return [folder / "card.json"]


def slot_mixture(folder):
    from commgen.frame import GridMixture, save_grid_mixture

    time, frequency = (np.linalg.qr(_rng().normal(size=(n, 3)))[0] for n in (4, 6))
    covariances = [np.eye(9) * (k + 1) for k in range(2)]
    specular = np.zeros((2, 9))
    mixture = GridMixture.of(
        time, frequency, np.array([0.5, 0.5]), covariances, specular
    )
    save_grid_mixture(mixture, folder / "m.npz")
    return [folder / "m.npz"]


def constellation(folder):
    from commgen.frame import Constellation

    p = _rng().dirichlet(np.ones(8))
    Constellation.of(np.arange(8) + 1j, None, p, card={"seed": 1}).save(
        folder / "c.npz"
    )
    return [folder / "c.npz"]


def feedback_codec(folder):
    from commgen.phy.feedback import SteeredMixture
    from commgen.phy.feedback.trellis_tables import gaussian_tables

    weights = np.full((2, 8), -np.log(16))
    spectra = _rng().uniform(0.1, 1, (2, 8))
    SteeredMixture(spectra, weights, 0.1).save(folder / "mixture.npz")
    gaussian_tables(8).save(folder / "tables.npz")
    return [folder / name for name in ("mixture.npz", "tables.npz")]


def designed_waveform(folder):
    from commgen.frame import Constellation
    from commgen.waveform import CpOfdm, DesignedWaveform, DftSpreadOfdm, ToneNetwork

    waveform = DftSpreadOfdm(CpOfdm(16), 14)
    network = ToneNetwork(_rng().normal(size=(2, 5)), np.ones((2, 3)), 1.6)
    numbers = {"drive": 0.8, "power": 0.5, "back_off_db": 2.0}
    made = DesignedWaveform(waveform, network, Constellation.qam(4), **numbers)
    made.save(folder / "w.npz")
    return [folder / "w.npz"]


def link_pairs(folder):
    x = _rng().normal(size=(20, 2)) @ [1, 1j]
    np.savez(folder / "pairs.npz", x=x, y=x + 1)
    return [folder / "pairs.npz"]


def exported(folder):
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


def observed(folder):
    y, A = _channels(4, 8), _channels(5, 8)
    np.savez(folder / "a.npz", y=y, snr_db=3.0)
    np.savez(folder / "b.npz", y=_channels(4, 5), A=A, no=0.1)
    np.savez(folder / "c.npz", y=y, no=np.full(4, 0.1), num_bits=2, step=0.5)
    return [folder / f"{name}.npz" for name in "abc"]


def picture(folder):
    from matplotlib.figure import Figure

    Figure(figsize=(1, 1)).savefig(folder / "a.png")
    return [folder / "a.png"]


def claim(folder):
    from commgen._files.claims import claim_folder

    claim_folder(folder / "out", {"seed": 1, "size": [1, 2]}, "study")
    return [folder / "out/study.json"]


def stage(folder):
    from commgen.studies.stages import Stages

    Stages(folder).result("step", {"seed": 1}, lambda: {"rows": [1, 2]})
    return [folder / "step.json"]


def _mixture():
    from commgen.generative import GaussianMixture

    model = GaussianMixture((4,), 2)
    model.fit(_channels(60, 4) / 2**0.5, seed=0)
    return model


def models(folder):
    from commgen.generative import TrainingConfig, VariationalAutoencoder

    _mixture().save(folder / "gmm")
    model = VariationalAutoencoder((4,), 2, width=8, depth=1)
    once = TrainingConfig(num_epochs=1)
    model.fit(_channels(64, 4) / 2**0.5, seed=0, training=once)
    model.save(folder / "vae")
    return [folder / "gmm/model.keras", folder / "vae/model.keras"]


def recalibration(folder):
    from commgen.inference.uncertainty import Recalibration

    h = _channels(400, 4)
    h_hat = h + 0.3 * _channels(400, 4)[::-1]
    err_var = np.full(h.shape, 0.1, np.float32)
    found = Recalibration.fit(h_hat, err_var, h, np.full(400, 0.1))
    found.save(folder / "r.npz")
    return [folder / "r.npz"]


def detector(folder):
    from commgen.inference.uncertainty import NoveltyDetector

    detector = NoveltyDetector(_mixture()).fit(_channels(40, 4), seed=0)
    detector.save(folder / "d.npz")
    _mixture().save(folder / "gmm")
    return [folder / "d.npz"]


def raw_iq(folder):
    noise = _rng().normal(size=3000)
    numbers = {"uint8": (127 + 20 * noise).astype("u1"), "float32": noise}
    numbers["int16"] = (2000 * noise).astype("<i2")
    for kind, values in numbers.items():
        dtype = "<f4" if kind == "float32" else values.dtype
        (folder / f"{kind}.bin").write_bytes(values.astype(dtype).tobytes())
    return [folder / f"{kind}.bin" for kind in numbers]


def sigmf(folder):
    from commgen.sdr.radios.sigmf_writer import SigMFWriter

    x = _channels(500)
    for kind, sample_type in (("a", "ci16_le"), ("b", "cf32_le")):
        writer = SigMFWriter(folder / kind, 1e6, sample_type=sample_type)
        writer.write(0.1 * x)
        writer.close()
    return sorted(folder.iterdir())


def mode_s(folder):
    """An identification, a position and a velocity (J. Sun, The 1090 MHz Riddle)."""
    x = _rng().normal(127.5, 4, (3000, 2))
    words = ("8D4840D6202CC371C32CE0576098", "8D40621D58C382D690C8AC2863A7")
    for i, word in enumerate((*words, "8D485020994409940838175B284F")):
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(word), np.uint8))
        pulses = np.zeros(16)
        pulses[[0, 2, 7, 9]] = 1
        pulses = np.append(pulses, np.stack([bits, 1 - bits], 1))
        x[900 * i + 100 : 900 * i + 340, 0] += 60 * pulses
    (folder / "a.bin").write_bytes(x.clip(0, 255).astype("u1").tobytes())
    return [folder / "a.bin"]


def wifi(folder):
    """Training symbols (IEEE 802.11-2020 17.3.3), and noise for what comes behind."""
    from commgen.sdr.recordings.wifi.grid import FFT_SIZE, LEGACY

    spectrum, short = np.zeros(FFT_SIZE, complex), np.zeros(FFT_SIZE, complex)
    spectrum[LEGACY.carriers] = LEGACY.training
    short[[4, 8, -4, -8]] = 3 + 3j
    long = 8 * np.fft.ifft(spectrum)
    x = 0.05 * _channels(3000)
    x[500:660] += np.tile(8 * np.fft.ifft(short), 3)[:160]
    x[660:820] += np.concatenate([long[32:], long, long])
    (folder / "a.bin").write_bytes(x.astype("<c8").tobytes())
    return [folder / "a.bin"]
