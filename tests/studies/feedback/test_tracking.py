"""The study of moving terminals on toy tracks."""

import numpy as np
import pytest

from commgen.studies.feedback import tracking, umi64
from commgen.studies.feedback.tracking import (
    LOST_TITLE,
    MEMORYLESS,
    TITLE,
    TrackingSize,
    tracking_study,
)
from commgen.studies.tables import Asked


def toy_tracks(path, num, num_slots, kmh, *, seed):
    """Beam or noise as in the toy set, whose phases and gains drift."""
    rng = np.random.default_rng(seed)
    los = np.arange(num) % 2 == 0
    x = rng.standard_normal((num, num_slots, 8, 2)) @ [1, 1j] / np.sqrt(2)
    for t in range(1, num_slots):
        x[:, t] = 0.97 * x[:, t - 1] + np.sqrt(1 - 0.97**2) * x[:, t]
    beam = np.fft.ifft(np.eye(8), norm="ortho")[2] * 8**0.5
    h = np.where(los[:, None, None], x[..., :1] * beam, x)
    return h.astype(np.complex64)


@pytest.mark.timeout(120)
def test_memory_saves_and_losses_cost(study, tmp_path, monkeypatch):
    monkeypatch.setattr(umi64, "umi64_set", lambda *_, **__: study)
    monkeypatch.setattr(tracking, "drawn_tracks", toy_tracks)
    size = TrackingSize((12,), (3.0,), 8, 20, 60, 2, (0.0, 0.2), (None, 3), 12)
    asked = Asked()
    found = tracking_study(tmp_path / "tracking", size, 0, asked)
    rows = {row["codec"]: row for row in found[TITLE]}
    one = rows["differential, AR(1)"]
    assert one["nmse_db"] < rows[MEMORYLESS]["nmse_db"] - 1
    assert one["over_high_db"] < -1
    assert one["nmse_db"] == pytest.approx(one["promised_db"], abs=1.0)
    for row in rows.values():
        assert row["num_bits"] == pytest.approx(12, rel=0.15)
    assert [row["met"] for row in asked.rows] == [True, True]
    lost = {
        (r["refresh"], r["told"], r["loss"]): r["nmse_db"] for r in found[LOST_TITLE]
    }
    assert lost[0, False, 0.0] == lost[0, True, 0.0]
    assert lost[0, False, 0.2] > lost[0, True, 0.2] + 1
    assert lost[3, False, 0.2] < lost[0, False, 0.2]
    assert lost[3, True, 0.2] > lost[3, True, 0.0]
    assert (tmp_path / "tracking" / "rate.png").stat().st_size > 0
