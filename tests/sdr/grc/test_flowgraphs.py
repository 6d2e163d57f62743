"""GNU Radio Companion compiles every flowgraph, and what it makes of them runs."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("gnuradio", reason="GNU Radio is not installed: make radio")

from commgen.sdr.grc.install import HERE, flowgraphs, install_grc
from commgen.sdr.radios.sigmf_writer import SigMFWriter
from commgen.sdr.waveform.numbered import NumberedFrames

pytestmark = [pytest.mark.gnuradio, pytest.mark.timeout(180)]

needs_grcc = pytest.mark.skipif(
    shutil.which("grcc") is None, reason="grcc is not installed: make radio"
)


def run(*command, **environment):
    return subprocess.run(
        list(map(str, command)),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a home folder, in which Companion keeps what it has read of blocks."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def programs(home):
    """Compile all flowgraphs; return the folder, and what was said."""
    folder = home / "programs"
    folder.mkdir()
    told = {"HOME": str(home), "GRC_BLOCKS_PATH": str(HERE)}
    done = run("grcc", "-o", folder, *flowgraphs(), **told)
    return folder, done


@needs_grcc
def test_every_flowgraph_compiles(programs):
    folder, done = programs
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rror" not in done.stdout + done.stderr
    assert len(list(folder.glob("*.py"))) == len(flowgraphs()) == 4


@needs_grcc
def test_blocks_are_found_once_they_are_installed(home, tmp_path, monkeypatch):
    """gnuradio#5742: there, Companion does not find the blocks of a module."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GRC_BLOCKS_PATH", raising=False)
    command = ("grcc", "-o", tmp_path, HERE / "flowgraphs" / "radio_demo.grc")
    run(*command)
    assert not (tmp_path / "radio_demo.py").exists()
    install_grc()
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "radio_demo.py").exists()


@needs_grcc
def test_the_demo_receives_its_frames(programs):
    program = programs[0] / "radio_demo.py"
    done = run(sys.executable, program, "-n", "100", "-s", "30")
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr
    assert told.count("crc_ok . #t") > 90
    snr_db = [float(one) for one in re.findall(r"snr_db \. ([0-9.]+)", told)]
    assert np.median(snr_db) == pytest.approx(30, abs=4)


@needs_grcc
def test_a_recording_is_received(programs, tmp_path):
    samples = NumberedFrames(seed=0)(np.arange(5)).reshape(-1)
    writer = SigMFWriter(tmp_path / "air", 1.92e6, sample_type="cf32_le")
    writer.write(samples)
    writer.close()
    program = programs[0] / "radio_file.py"
    done = run(sys.executable, program, "-r", tmp_path / "air.sigmf-meta")
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("crc_ok . #t") == 5


GRAB = """
import signal, sys
sys.path.insert(0, sys.argv[1])
from PyQt5 import Qt
import radio_qt
application = Qt.QApplication([])
window = radio_qt.radio_qt()
window.start()
window.resize(900, 800)
window.show()
waited = 0
def grab():
    global waited
    waited += 1
    if window.receiver.num_samples < 2e6 and waited < 60:
        return
    timer.stop()
    window.grab().save(sys.argv[2])
    window.stop()
    window.wait()
    application.quit()
timer = Qt.QTimer()
timer.timeout.connect(grab)
timer.start(1000)
application.exec_()
"""


@needs_grcc
@pytest.mark.skipif(
    shutil.which("xvfb-run") is None, reason="xvfb-run is not installed: make radio"
)
def test_the_window_shows_what_is_received(programs, tmp_path):
    pytest.importorskip("PyQt5", reason="PyQt5 is not installed: make radio")
    picture = tmp_path / "window.png"
    command = ("xvfb-run", "-a", sys.executable, "-c", GRAB, programs[0], picture)
    done = run(*command)
    assert picture.exists(), done.stdout + done.stderr
    from matplotlib.image import imread

    pixels = (255 * imread(picture)[..., :3]).astype(int).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) > 50
    blue = (pixels[:, 2] > 200) & (pixels[:, 0] < 80) & (pixels[:, 1] < 80)
    assert blue.sum() > 300  # the curve of the band
