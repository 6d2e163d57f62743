"""The study of delays and beams: its channels, its networks, and what it tells."""

import numpy as np
import pytest

from commgen.studies.feedback import csi_networks, delay_angle
from commgen.studies.feedback.csi_networks import CsiNetwork
from commgen.studies.feedback.delay_angle import (
    TITLE,
    TRAINING_TITLE,
    DelaySize,
    delay_angle_study,
)
from commgen.studies.feedback.delay_channels import (
    delay_angle as transformed,
    over_antennas,
)
from commgen.studies.tables import Asked


def toy_channels(path, num_samples, *, seed):
    """Four strong entries of 64, of one phase."""
    rng = np.random.default_rng(seed)
    x = 0.02 * rng.standard_normal((num_samples, 8, 8, 2)) @ [1, 1j]
    x[:, 2, :4] += rng.standard_normal((num_samples, 1)) * 4
    return x.astype(np.complex64)


def test_a_circulant_covariance_is_diagonal_over_delays_and_beams():
    h = np.zeros((1, 32, 32), complex)
    h[0, 3, 4] = 1
    n = np.arange(32)
    wanted = np.outer(np.exp(2j * np.pi * 3 * n / 32), np.exp(-2j * np.pi * 4 * n / 32))
    np.testing.assert_allclose(over_antennas(h)[0], wanted / 32, atol=1e-6)


def test_a_path_lies_in_its_delay_and_beam():
    n = np.arange(128) - 64
    h = np.exp(2j * np.pi * (np.arange(32)[:, None] * 5 / 32 - n * 7 / 128))
    found = transformed(h[None])
    assert found.shape == (1, 32, 32)
    assert abs(found[0, 5, 7]) == pytest.approx(np.sqrt(32 * 128))
    assert np.sum(np.abs(found) ** 2) == pytest.approx(32 * 128)


@pytest.mark.timeout(300)
def test_the_study_tells_errors_and_effort(tmp_path, monkeypatch):
    monkeypatch.setattr(delay_angle, "drawn_delay_angles", toy_channels)
    name = "CsiNet-like"
    monkeypatch.setattr(csi_networks, "KINDS", {name: csi_networks.KINDS[name]})
    size = DelaySize((12,), 300, 50, 50, 2, 3, 16, (2,), 1, (1.0, 0.25))
    asked = Asked()
    found = delay_angle_study(tmp_path, size, 0, asked)
    rows = {row["codec"]: row for row in found[TITLE]}
    mixture, klt = rows["mixture KLT"], rows["KLT"]
    for row in (mixture, klt):
        assert row["num_bits"] == pytest.approx(12, rel=0.15)
        assert row["low_db"] < row["nmse_db"] < row["high_db"]
        ideal = rows[f"{row['codec']}, ideal codes"]
        assert ideal["nmse_db"] < row["nmse_db"] + 0.5
    assert mixture["nmse_db"] < -10
    few, many = (row for row in found[TITLE] if row["codec"] == name)
    # Two bits more of each of two latents, but for what the loudest one saves.
    assert many["num_bits"] - few["num_bits"] == pytest.approx(4, abs=1)
    trained = found[TRAINING_TITLE]
    assert [row["codec"] for row in trained] == ["KLT", "mixture KLT", name]
    assert all(row["cpu_s"] > 0 for row in trained)
    (asked_row,) = asked.rows
    assert asked_row["met"] == (float(asked_row["measured"].split()[2]) < 0)
    assert (tmp_path / "rate.png").stat().st_size > 0


@pytest.mark.parametrize("kind", ["CRNet-like"])
def test_a_network_is_as_large_as_its_dense_layers_say(kind):
    h = toy_channels(None, 10, seed=1)
    made = [CsiNetwork(kind, num, h, 3).num_parameters for num in (2, 6)]
    assert made[1] - made[0] == 4 * (2 * 128 + 1)


def test_a_fine_quantiser_tells_what_the_latents_do():
    h = toy_channels(None, 300, seed=1)
    net = CsiNetwork("CsiNet-like", 2, h, 3)
    net.fit(num_epochs=1)
    bits, fine = net.through(h, 0.01)
    coarse = net.through(h, 2.0)[1]
    z = net.encoder(net._numbers(h), training=False)
    y = np.asarray(net.decoder(z, training=False))
    whole = (y[..., 0] - 0.5 + 1j * (y[..., 1] - 0.5)) * 2 * net.scale
    spread = np.abs(whole - whole.mean(axis=0)).max()
    assert np.abs(fine - whole).max() < 0.05 * spread
    assert np.abs(coarse - whole).max() > 0.2 * spread
    assert bits.mean() > 8
