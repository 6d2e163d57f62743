"""``commgen estimate``: what it finds, and what it refuses."""

import numpy as np
import pytest

from commgen.generative import load_model


@pytest.fixture
def estimate(commgen, model, tmp_path):
    """Run the command on arrays and return what it wrote."""

    def run(**arrays):
        np.savez(tmp_path / "y.npz", **arrays)
        result = commgen(
            *("estimate", "--model", model),
            *("-i", tmp_path / "y.npz", "-o", tmp_path / "h.npz", "--force"),
        )
        assert f"{len(arrays['y'])} channels estimated" in result.out
        with np.load(tmp_path / "h.npz", allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    return run


def error(h, h_hat):
    return np.sum(np.abs(h_hat - h) ** 2) / np.sum(np.abs(h) ** 2)


def test_estimate_is_better_than_what_was_received(estimate, received, model):
    h, y, no = received
    found = estimate(y=y, no=no)
    assert error(h, found["h_hat"]) < 0.6 * error(h, y)
    np.testing.assert_array_equal(found["h"], found["h_hat"])
    ratio = found["err_var"].mean() / np.mean(np.abs(found["h_hat"] - h) ** 2)
    assert 0.7 < ratio < 1.4
    expected = load_model(model).posterior(y, None, no)
    np.testing.assert_allclose(found["h_hat"], expected.mean, atol=1e-6)


def test_noise_is_given_as_snr_or_variance_once_or_for_each(estimate, received):
    _, y, no = received
    a = estimate(y=y, no=np.float32(no))
    b = estimate(y=y, snr_db=-10 * np.log10(no))
    c = estimate(y=y, no=np.full(len(y), no))
    d = estimate(y=y, snr_db=[-10 * np.log10(no)])
    for other in (b, c, d):
        np.testing.assert_allclose(a["h_hat"], other["h_hat"], atol=1e-5)


def test_mask_and_matrix_agree(estimate, received):
    h, y, no = received
    mask = np.arange(8) % 2 == 0
    unseen = np.where(mask, y, np.nan)
    full = estimate(y=unseen, no=no, mask=mask)
    thin = estimate(y=y[:, mask], no=no, mask=mask)
    matrix = estimate(y=y[:, mask], no=no, A=np.eye(8)[mask])
    for other in (thin, matrix):
        np.testing.assert_array_equal(full["h_hat"], other["h_hat"])
        np.testing.assert_array_equal(full["err_var"], other["err_var"])
    assert error(h, full["h_hat"]) < 0.6
    assert full["err_var"][:, ~mask].mean() > full["err_var"][:, mask].mean()


def test_channel_arrays_are_taken_as_they_are(estimate, received):
    """Axes of one entry do not matter."""
    _, y, no = received
    flat = estimate(y=y, no=no)
    array = estimate(y=y.reshape(-1, 1, 1, 1, 8), no=no)
    np.testing.assert_array_equal(flat["h_hat"], array["h_hat"])


Y = np.ones((3, 8), complex)
BAD = np.where(np.arange(8) == 2, np.nan, Y)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"no": 1.0}, "input must hold y"),
        ({"y": Y, "no": 1.0, "snr": 1.0}, "input must hold y and of"),
        ({"y": Y}, "input must hold snr_db or no, and not both"),
        ({"y": Y, "no": 1.0, "snr_db": 0.0}, "snr_db or no, and not both"),
        ({"y": Y.real, "no": 1.0}, "y must be complex, got float64"),
        ({"y": Y[0], "no": 1.0}, "y must be [n, ...] with n >= 1, got (8,)"),
        ({"y": Y[:0], "no": 1.0}, "y must be [n, ...] with n >= 1, got (0, 8)"),
        ({"y": BAD, "no": 1.0}, "y must be finite, got 3 NaN"),
        ({"y": BAD, "no": 1.0, "mask": np.arange(8) < 4}, "y must be finite"),
        ({"y": Y[:, :5], "no": 1.0}, "y must be [n, 8], the channels of the model"),
        ({"y": Y, "no": -0.1}, "no must be finite and above 0, got -0.1"),
        ({"y": Y, "no": 0}, "no must be finite and above 0, got 0"),
        ({"y": Y, "no": [1.0, 0.0, 1.0]}, "no must be finite and above 0, got 0"),
        ({"y": Y, "no": np.inf}, "no must be finite"),
        ({"y": Y, "no": 1e300}, "no must be between 1e-15 and 1e+15, got 1e+300"),
        ({"y": Y, "no": 1e-300}, "no must be between 1e-15 and 1e+15, got 1e-300"),
        ({"y": Y, "snr_db": 400.0}, "snr_db must be between -150 and 150 dB, got 400"),
        ({"y": 1e30 * Y.astype(complex), "no": 1.0}, "y must have entries of at most"),
        ({"y": Y, "no": 1.0, "A": 1e30 * np.eye(8)}, "A must have entries of at most"),
        ({"y": Y, "snr_db": np.nan}, "snr_db must be between -150 and 150 dB, got nan"),
        ({"y": Y, "snr_db": -1e4}, "snr_db must be between -150 and 150 dB"),
        ({"y": Y, "no": [1.0, 2.0]}, "no must be one number or [3] as y, got (2,)"),
        ({"y": Y, "no": 1j}, "no must be real, got complex128"),
        ({"y": Y, "no": "much"}, "no must be real, got <U4"),
        ({"y": 1e-5 * Y, "no": 1.0}, "y must be scaled so that its channels have"),
        ({"y": 1e5 * Y, "no": 1.0}, "y must be scaled so that its channels have"),
        ({"y": Y, "no": 1.0, "A": np.ones(8)}, "A must be complex [num_obs, 8]"),
        ({"y": Y, "no": 1.0, "A": np.ones((8, 9))}, "A must be complex [num_obs, 8]"),
        ({"y": Y, "no": 1.0, "A": np.full((8, 8), np.nan)}, "A must be finite"),
        ({"y": Y, "no": 1.0, "A": np.full((8, 8), "a")}, "A must be complex"),
        ({"y": Y, "no": 1.0, "A": np.eye(8)[:3]}, "y must be [batch, 3] as A"),
        ({"y": Y, "no": 1.0, "mask": np.ones(8)}, "mask must be boolean (8,)"),
        ({"y": Y, "no": 1.0, "mask": np.zeros(8, bool)}, "with a true entry"),
        ({"y": Y, "no": 1.0, "mask": np.ones((2, 4), bool)}, "mask must be boolean"),
        ({"y": Y[:, :3], "no": 1.0, "mask": np.arange(8) < 4}, "[batch, 4] as A"),
        (
            {"y": Y, "no": 1.0, "A": np.eye(8), "mask": np.ones(8, bool)},
            "input must hold A or mask, and not both",
        ),
    ],
)
def test_estimate_refuses(refused, model, tmp_path, arrays, message):
    np.savez(tmp_path / "y.npz", **arrays)
    told = refused(
        *("estimate", "--model", model, "-i", tmp_path / "y.npz"),
        *("-o", tmp_path / "h.npz"),
    )
    assert message in told
    assert [path.name for path in tmp_path.iterdir()] == ["y.npz"]


def damaged(path):
    np.savez_compressed(path, y=np.random.default_rng(1).normal(size=4000))
    content = bytearray(path.read_bytes())
    content[500:900] = bytes(400)
    return bytes(content)


@pytest.mark.parametrize("kind", ["text", "empty", "cut", "damaged", "npy", "pickled"])
def test_estimate_refuses_files_that_do_not_load(refused, model, tmp_path, kind):
    path = tmp_path / "y.npz"
    np.savez(path, y=np.ones((3, 8), complex), no=1.0)
    content = {
        "text": lambda: b"y = 1",
        "empty": lambda: b"",
        "cut": lambda: path.read_bytes()[:200],
        "damaged": lambda: damaged(path),
    }
    if kind == "npy":
        with open(path, "wb") as file:
            np.save(file, np.ones((3, 8), complex))
    elif kind == "pickled":
        np.savez(path, y=np.array([{"code": print}, None], dtype=object), no=1.0)
    else:
        path.write_bytes(content[kind]())
    told = refused("estimate", "--model", model, "-i", path, "-o", tmp_path / "h.npz")
    assert "y.npz cannot be read as .npz: " in told
    assert [p.name for p in tmp_path.iterdir()] == ["y.npz"]


def test_estimate_refuses_paths(refused, model, tmp_path):
    files = ("-i", tmp_path / "y.npz", "-o", tmp_path / "h.npz")
    told = refused("estimate", "--model", model, *files)
    assert "y.npz is not there" in told
    np.savez(tmp_path / "y.npz", y=np.ones((3, 8), complex), no=1.0)
    told = refused("estimate", "--model", tmp_path / "none", *files)
    assert "no model at" in told
    told = refused("estimate", "--model", model, *files[:3], tmp_path / "h.txt")
    assert "output must end in .npz" in told


@pytest.fixture
def run(commgen, tmp_path):
    """Run the command with options on arrays, and return what it wrote and said."""

    def call(*options, **arrays):
        np.savez(tmp_path / "y.npz", **arrays)
        paths = ("-i", tmp_path / "y.npz", "-o", tmp_path / "h.npz", "--force")
        said = commgen("estimate", *options, *paths).out
        with np.load(tmp_path / "h.npz", allow_pickle=False) as file:
            return {name: file[name] for name in file.files}, said

    return call


def test_samples_and_regions_are_written(run, received, model):
    h, y, no = received
    found, _ = run("--model", model, "--num-samples", 8, "--level", 0.5, y=y, no=no)
    assert found["samples"].shape == (8, *h.shape)
    inside = np.abs(h - found["h_hat"]) ** 2 <= found["radius"]
    assert 0.3 < inside.mean() < 0.7
    np.testing.assert_allclose(found["radius"], np.log(2) * found["err_var"], rtol=1e-5)


def test_guard_flags_channels_of_another_scale(run, received, model):
    _, y, no = received
    found, _ = run("--model", model, "--guard", y=y, no=no)
    assert not found["flagged"].all()
    # 40 dB more SNR than any that the model has seen.
    found, said = run("--model", model, "--guard", y=y, no=1e-8)
    assert found["flagged"].all()
    assert f"{len(y)} flagged" in said
    np.testing.assert_allclose(found["h_hat"], y, atol=1e-3)


def test_noise_level_is_inferred(run, received, model):
    h, y, no = received
    found, _ = run("--model", model, "--unknown-noise", y=y)
    assert found["no"] == pytest.approx(no, rel=0.5)
    assert error(h, found["h_hat"]) < error(h, y)


def test_levels_of_converters_are_taken_for_what_they_are(run, received, model):
    h, y, no = received
    q = (np.sign(y.real) + 1j * np.sign(y.imag)) / 2
    found, _ = run("--model", model, y=q, no=no, num_bits=1, step=1.0)
    scale = np.vdot(q, h) / np.vdot(q, q)
    assert error(h, found["h_hat"]) < error(h, scale * q)


def test_coloured_noise_that_is_white_is_white(run, received, model):
    _, y, no = received
    white, _ = run("--model", model, y=y, no=no)
    shaped, _ = run("--model", model, y=y, no=no, noise_corr=np.eye(8))
    np.testing.assert_allclose(white["h_hat"], shaped["h_hat"], atol=1e-4)


def test_angles_are_inferred_without_a_model(run):
    rng = np.random.default_rng(0)
    wave = np.exp(1j * np.pi * np.arange(8) * np.sin(np.deg2rad([[20.0], [-35.0]])))
    noise = rng.normal(size=(2, 5, 8, 2)) @ [1, 1j]
    y = wave[:, None] * rng.normal(size=(2, 5, 1)) + 0.1 * noise
    found, said = run("--parameters", "angle", y=y, no=0.02)
    np.testing.assert_allclose(found["mean"][:, 0], [20, -35], atol=3)
    assert (found["low"] < found["mean"]).all()
    assert (found["mean"] < found["high"]).all()
    assert "2 observations, 90 % intervals of" in said


@pytest.mark.parametrize(
    ("options", "arrays", "message"),
    [
        ((), {"no": 1.0}, "give model or parameters, and not both"),
        (("--level", 1.0), {"no": 1.0}, "level must lie between 0 and 1, got 1"),
        (("--unknown-noise",), {"no": 1.0}, "must not hold snr_db or no"),
        (("--guard",), {"no": 1.0, "A": np.eye(8)}, "guard needs y = h + n"),
        ((), {"no": 1.0, "num_bits": 1}, "num_bits and step, or neither"),
        ((), {"no": 1.0, "num_bits": 1.5, "step": 1.0}, "num_bits must be a whole"),
        ((), {"no": 1.0, "noise_corr": np.eye(3)}, "noise_corr must be"),
        (
            ("--num-samples", 2),
            {"no": 1.0, "noise_corr": np.eye(8)},
            "num_samples must be 0 with",
        ),
    ],
)
def test_options_are_checked(refused, model, tmp_path, options, arrays, message):
    np.savez(tmp_path / "y.npz", y=Y, **arrays)
    if message.startswith("give model"):
        options = ("--parameters", "angle")
    told = refused(
        *("estimate", "--model", model, *options),
        *("-i", tmp_path / "y.npz", "-o", tmp_path / "h.npz"),
    )
    assert message in told
    assert not (tmp_path / "h.npz").exists()


def test_an_old_name_is_taken_and_told(commgen, received, model, tmp_path):
    _, y, no = received
    found = {}
    for name in ("noise_corr", "noise_shape"):
        np.savez(tmp_path / "y.npz", y=y, no=no, **{name: np.eye(8)})
        paths = ("-i", tmp_path / "y.npz", "-o", tmp_path / "h.npz", "--force")
        told = commgen("estimate", "--model", model, *paths).err
        with np.load(tmp_path / "h.npz", allow_pickle=False) as file:
            found[name] = file["h_hat"]
    np.testing.assert_array_equal(found["noise_shape"], found["noise_corr"])
    assert told == "note: noise_shape is called noise_corr now.\n"
