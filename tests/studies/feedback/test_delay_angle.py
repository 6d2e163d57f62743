"""The study of delays and beams: its channels, its networks, and what it tells."""

import numpy as np
import pytest

from commgen.studies.feedback import delay_angle
from commgen.studies.feedback.csi_networks import KINDS, CsiNetwork
from commgen.studies.feedback.delay_angle import (
    TITLE,
    TRAINING_TITLE,
    DelaySize,
    delay_angle_study,
)
from commgen.studies.feedback.delay_channels import delay_angle as transformed
from commgen.studies.tables import Asked


def toy_channels(path, num_samples, *, seed):
    """Four strong entries of 64, of one phase."""
    rng = np.random.default_rng(seed)
    x = 0.02 * rng.standard_normal((num_samples, 8, 8, 2)) @ [1, 1j]
    x[:, 2, :4] += rng.standard_normal((num_samples, 1)) * 4
    return x.astype(np.complex64)


def test_a_path_lies_in_its_delay_and_beam():
    n = np.arange(128) - 64
    h = np.exp(2j * np.pi * (np.arange(32)[:, None] * 5 / 32 - n * 7 / 128))
    found = transformed(h[None])
    assert found.shape == (1, 32, 32)
    assert abs(found[0, 5, 7]) == pytest.approx(np.sqrt(32 * 128))
    assert np.sum(np.abs(found) ** 2) == pytest.approx(32 * 128)


@pytest.mark.timeout(120)
def test_the_study_tells_errors_and_effort(tmp_path, monkeypatch):
    monkeypatch.setattr(delay_angle, "drawn_delay_angles", toy_channels)
    size = DelaySize((12,), 600, 50, 50, 2, 8, 3, 16, (2,), 3, (1.0, 0.25))
    asked = Asked()
    found = delay_angle_study(tmp_path, size, 0, asked)
    rows = {(row["codec"], row["num_bits"] > 6): row for row in found[TITLE]}
    mixture = rows["mixture KLT", True]
    assert mixture["num_bits"] == pytest.approx(12, rel=0.15)
    assert mixture["nmse_db"] < -10
    ideal = rows["mixture KLT, ideal codes", True]
    assert ideal["nmse_db"] < mixture["nmse_db"] + 0.5
    for kind in KINDS:
        (few, many) = (row for row in found[TITLE] if row["codec"] == kind)
        # Two bits more of each of two latents.
        assert many["num_bits"] - few["num_bits"] == pytest.approx(4, abs=0.5)
        assert many["nmse_db"] < few["nmse_db"] + 0.2
    assert [row["codec"] for row in found[TRAINING_TITLE]][2:] == list(KINDS)
    assert all(row["met"] for row in asked.rows)
    assert (tmp_path / "rate.png").stat().st_size > 0


def test_networks_learn_and_repeat():
    h = toy_channels(None, 400, seed=1)
    made = [CsiNetwork("CsiNet-like", 4, (8, 8), 3) for _ in range(2)]
    losses = [net.fit(h, num_epochs=n) for net, n in zip(made, (2, 8), strict=True)]
    assert losses[1] < 0.5 * losses[0]
    bits, h_hat = made[1].through(h, 0.1)
    error = np.sum(np.abs(h - h_hat) ** 2) / np.sum(np.abs(h) ** 2)
    # What the loss says in numbers between 0 and 1, of channels.
    loss = losses[1] * 2 * (2 * made[1].scale) ** 2 / np.mean(np.abs(h) ** 2)
    assert error == pytest.approx(loss, rel=0.5)
    assert bits.mean() > 4
