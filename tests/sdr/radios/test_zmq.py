"""Two processes on one machine: all samples arrive, at the pace of the slower one."""

import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("gnuradio", reason="GNU Radio is not installed: make radio")

from commgen.sdr.radios.zmq import ZmqRadio

pytestmark = [pytest.mark.gnuradio, pytest.mark.timeout(60)]

RATE = 1.92e6
SENDER = """
import numpy as np
from commgen.sdr.radios.zmq import ZmqRadio
with ZmqRadio(1.92e6, send_at="tcp://127.0.0.1:*") as radio:
    print(radio.address, flush=True)
    for k in range(30):
        radio.send(np.arange(k * 10_000, (k + 1) * 10_000).astype(np.complex64))
    radio.finish()
"""


@pytest.fixture
def sender():
    command = [sys.executable, "-c", SENDER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def test_a_slow_receiver_loses_nothing(sender):
    """srsRAN_4G#1049: ZeroMQ keeps no real time; what is slow must not be lost."""
    address, process = sender
    radio = ZmqRadio(RATE, receive_from=address, patience_s=1.0)
    values, begun = [], time.monotonic()
    with radio:
        while (samples := radio.receive(7000)) is not None:
            assert samples.lost == 0
            values.append(samples.values)
            if len(values) % 10 == 0:
                time.sleep(0.1)
    np.testing.assert_array_equal(np.concatenate(values), np.arange(300_000))
    assert time.monotonic() - begun > 300_000 / RATE  # slower than real time
    assert process.wait(10) == 0
    assert radio.facts()["samples_received"] == 300_000


def test_nobody_there_is_one_line():
    radio = ZmqRadio(RATE, receive_from="tcp://127.0.0.1:9", patience_s=0.3)
    with radio, pytest.raises(OSError, match=r"nobody sends at tcp://127.0.0.1:9"):
        radio.receive(100)


@pytest.mark.parametrize("side", ["receive_from", "send_at"])
def test_what_is_no_address_is_one_line(side):
    with pytest.raises(OSError, match="ZeroMQ cannot use nonsense: "):
        ZmqRadio(RATE, **{side: "nonsense"}).open()


def test_an_address_is_needed():
    with pytest.raises(ValueError, match="receive_from or send_at must be an address"):
        ZmqRadio(RATE)
