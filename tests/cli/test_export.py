"""``commgen export``, and the families of ``commgen train`` that it is for."""

import numpy as np
import pytest

from commgen.datasets import ChannelMeta, write_channels
from commgen.exported import ExportedModel
from commgen.frame.frame import RADIO_FRAME as FRAME
from commgen.frame.slot_files import load_grid_mixture, load_slot_contract

pytest.importorskip("tf2onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with slots that turn slowly, and taps that are one sample apart."""
    rng = np.random.default_rng(1)
    taps = rng.normal(size=(80, 2, 2)) @ [1, 1j] * np.sqrt([0.4, 0.1])
    delay = np.exp(-2j * np.pi * np.outer([0, 1], np.arange(73) - 36) / 128)
    turn = np.exp(2j * np.pi * rng.uniform(-0.01, 0.01, (80, 1)) * np.arange(14))
    h = np.einsum("na,af,nt->ntf", taps, delay, turn)[:, None, None]
    meta = ChannelMeta(
        domain="frequency",
        subcarrier_spacing_hz=15e3,
        time_step_s=FRAME.symbol_duration_s,
        source="toy slots",
    )
    path = tmp_path_factory.mktemp("export")
    write_channels(path / "h.h5", h.astype(np.complex64), meta, {})
    return path


@pytest.fixture
def receiver(commgen, folder):
    options = ("--family", "neural-receiver", "--width", 3, "--num-epochs", 1)
    commgen("train", folder / "h.h5", *options, "-o", folder / "receiver")
    return folder / "receiver"


def test_a_receiver_becomes_one_file(commgen, refused, folder, receiver, tmp_path):
    out = tmp_path / "r.onnx"
    told = commgen("export", receiver, "-o", out).out
    assert "r.onnx: repaired-receiver in float32, " in told
    assert ExportedModel(out).contract.frame == FRAME.contract()
    before = out.read_bytes()
    assert commgen("export", receiver, "-o", out).out == f"already done: {out}\n"
    again = tmp_path / "again.onnx"
    commgen("export", receiver, "-o", again)
    assert again.read_bytes() == before
    line = refused("export", receiver, "-o", out, "--int8", folder / "h.h5")
    assert "r.onnx exists (int8: null there" in line
    # So small a network is slower in int8: the figures, and nothing written.
    result = commgen(
        *("export", receiver, "-o", tmp_path / "i.onnx", "--int8", folder / "h.h5"),
        code=2,
    )
    assert "BLER int8" in result.out
    assert "int8 needs " in result.out
    assert "error: --int8 must make the model faster, it takes 0." in result.err
    assert not (tmp_path / "i.onnx").exists()
    assert (
        "already done"
        in commgen(
            *("train", folder / "h.h5", "--family", "neural-receiver", "--width", 3),
            *("--num-epochs", 1, "-o", receiver),
        ).out
    )


def test_a_slot_mixture_becomes_arrays(commgen, refused, folder, tmp_path):
    options = ("--family", "slot", "--num-components", 2)
    commgen("train", folder / "h.h5", *options, "-o", tmp_path / "slot")
    line = refused("export", tmp_path / "slot", "-o", tmp_path / "s.onnx")
    assert line.startswith("output must end in .npz for a model of kind slot, got")
    commgen("export", tmp_path / "slot", "-o", tmp_path / "s.npz")
    assert load_grid_mixture(tmp_path / "s.npz").event_shape == (14, 72)
    assert load_slot_contract(tmp_path / "s.npz").kind == "slot"
    assert (
        "already done"
        in commgen("export", tmp_path / "slot", "-o", tmp_path / "s.npz").out
    )


def test_a_prior_over_pilots_becomes_one_file(commgen, refused, folder, tmp_path):
    """What --pilots tells in the card is what export asks for."""
    import commgen.generative as g
    from commgen.generative.files import read_card

    options = ("--family", "lmmse", "--pilots")
    commgen("train", folder / "h.h5", *options, "-o", tmp_path / "lmmse")
    line = refused("export", tmp_path / "lmmse", "-o", tmp_path / "p.onnx")
    assert line.startswith("model must be a vae, gm-vae, vae-gan, diffusion or")
    card = read_card(tmp_path / "lmmse")
    assert card["event_shape"] == [2, 72]
    facts = {"frame": card["frame"], "data_sha256": card["data_sha256"]}
    vae = g.VariationalAutoencoder((72,), 4, width=8, depth=1)
    vae.save(tmp_path / "vae", card=facts)
    told = commgen("export", tmp_path / "vae", "-o", tmp_path / "p.onnx").out
    assert "prior in float32" in told
    exported = ExportedModel(tmp_path / "p.onnx").contract
    assert exported.data_sha256 == card["data_sha256"]
    assert exported.inputs[0].shape == (None, 72, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "none", "-o", "m.onnx"), "no model at none"),
        (("export", "none", "-o", "m.bin"), "output must end in .onnx or .npz, got m."),
        (
            ("train", "h.h5", "-o", "m", "--family", "neural-receiver", "--pilots"),
            "--pilots must be left out for neural-receiver.",
        ),
        (
            ("train", "h.h5", "-o", "m", "--family", "slot", "--condition", "los"),
            "--condition must be left out for channels of a frame.",
        ),
        (
            (
                "train",
                "h.h5",
                "-o",
                "m",
                "--family",
                "neural-receiver",
                "--snr-max",
                -9,
            ),
            "snr_range_db must be ascending, got (-5.0, -9.0).",
        ),
        (
            (
                *("train", "h.h5", "-o", "m", "--family", "neural-receiver"),
                *("--interference", 2),
            ),
            "probability must be 0..1, got 2.0.",
        ),
    ],
)
def test_mistakes(refused, folder, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    assert message in refused(*arguments)
    assert not (folder / "m").exists()
    assert not (folder / "m.training").exists()


def test_models_without_a_frame_are_refused(refused, model, tmp_path):
    line = refused("export", model, "-o", tmp_path / "m.onnx")
    assert "must be trained on a frame, with --pilots or --family slot" in line
