"""Priors and slot mixtures as files that run without TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

import commgen.generative as g
from commgen.exported import ExportedModel
from commgen.frame.frame import RADIO_FRAME as FRAME
from commgen.frame.slot_files import load_grid_mixture, load_slot_contract
from commgen.generative import export
from commgen.generative.export import export_prior, prior_contract
from commgen.generative.onnx_graph import to_onnx
from commgen.generative.slot_export import export_slot, slot_contract

pytest.importorskip("tf2onnx")
pytest.importorskip("onnxruntime")

FACTS = {"data_sha256": "ab" * 32, "doppler_range_hz": [0, 350]}


def vae(event=(2, 72), **options):
    return g.VariationalAutoencoder(event, 4, width=8, depth=1, **options)


def diffusion():
    return g.Diffusion((2, 72), g.FourierDenoiser(width=8, depth=1))


@pytest.mark.parametrize("build", [lambda: vae((72,)), diffusion])
def test_the_file_gives_what_denoise_gives(build, tmp_path, complex_normal):
    model = build()
    contract = prior_contract(model, FRAME, facts=FACTS)
    export_prior(model, tmp_path / "p.onnx", contract, made="test")
    exported = ExportedModel(tmp_path / "p.onnx")
    assert exported.contract.frame == FRAME.contract()
    assert exported.contract.doppler_range_hz == (0, 350)
    y, no = complex_normal(5, *model.event_shape), np.array([0.01, 0.1, 1, 2, 9], "f")
    pairs = np.stack([y.real, y.imag], -1).astype(np.float32)
    found = exported.run({"y": pairs, "no": no}, snr_db=-10 * np.log10(no))
    h_hat, err_var = model.denoise(y, no)
    mean = found["h_hat"] @ [1, 1j]
    np.testing.assert_allclose(mean, h_hat, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found["err_var"], err_var, rtol=1e-3, atol=1e-5)


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = vae()
    for name in ("a.onnx", "b.onnx"):
        export_prior(model, tmp_path / name, prior_contract(model, FRAME))
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_a_file_that_differs_is_not_written(tmp_path, monkeypatch):
    model = vae((72,))
    wrong = to_onnx(
        lambda y, no: (2 * y, y[..., 0] ** 2 + no[:, None]), [(None, 72, 2), (None,)]
    )
    monkeypatch.setattr(export, "to_onnx", lambda *_: wrong)
    contract = prior_contract(model, FRAME)
    with pytest.raises(ValueError, match=r"h_hat of the exported .* of TensorFlow's"):
        export_prior(model, tmp_path / "p.onnx", contract)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: g.GaussianMixture((2, 72), 1), "model must be a vae, .*GaussianMix"),
        (lambda: vae(num_conditions=1), "model must take no conditions, .* got 1"),
        (lambda: vae((2, 6)), r"event_shape \(2, 72\) or \(72,\), .*; train it with"),
    ],
)
def test_other_models_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        prior_contract(build(), FRAME)


def test_what_onnx_cannot_do_is_told_in_one_line():
    with pytest.raises(ValueError, match=r"the model has no ONNX graph: ") as error:
        to_onnx(lambda x: (tf.linalg.svd(x, compute_uv=False),), [(None, 3, 3)])
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def slot_model():
    """A mixture over slots that turn and bend in few ways, [14, 72]."""
    rng = np.random.default_rng(3)
    time = np.exp(2j * np.pi * np.outer([0.0, 0.02], np.arange(14)))
    delay = np.exp(2j * np.pi * np.outer([0.0, 0.01, 0.03], np.arange(72)))
    c = rng.normal(size=(200, 2, 3, 2)) @ [1, 1j] / 12**0.5
    h = np.einsum("nab,at,bf->ntf", c, time, delay).astype(np.complex64)
    model = g.GaussianMixture(FRAME.grid_shape, 2, "low-rank")
    return model.fit(h, seed=1)


def test_slots_keep_their_covariance_and_contract(slot_model, tmp_path):
    contract = slot_contract(slot_model, FRAME, facts=FACTS)
    export_slot(slot_model, tmp_path / "s.npz", contract)
    mixture = load_grid_mixture(tmp_path / "s.npz")
    assert load_slot_contract(tmp_path / "s.npz") == contract
    assert mixture.num_components == 2
    drawn = mixture.sample(2000, seed=1).reshape(2000, -1)
    own = slot_model.sample(2000, seed=2).reshape(2000, -1)
    ones = np.ones(drawn.shape[1]) / 1008
    # Powers of exponential law: their means of 2,000 deviate by a 45th.
    powers = [np.mean(np.abs(x @ ones) ** 2) for x in (drawn, own)]
    assert powers[0] / powers[1] == pytest.approx(1, abs=4 * 2**0.5 / 45)


def test_slot_refusals(slot_model, tmp_path):
    with pytest.raises(
        ValueError, match=r"event_shape \(14, 72\), a slot of the frame"
    ):
        slot_contract(g.GaussianMixture((2, 72), 1), FRAME)
    contract = slot_contract(slot_model, FRAME)
    with pytest.raises(ValueError, match=r"path must end in \.npz, got"):
        export_slot(slot_model, tmp_path / "s.onnx", contract)
    np.savez(tmp_path / "plain.npz", time=np.ones(3))
    with pytest.raises(ValueError, match=r"plain.npz has no contract"):
        load_slot_contract(tmp_path / "plain.npz")
    np.savez(tmp_path / "bad.npz", contract=np.array("{}"))
    with pytest.raises(ValueError, match=r"bad.npz: the contract cannot be read"):
        load_slot_contract(tmp_path / "bad.npz")
