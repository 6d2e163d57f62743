"""A USRP, or what stands for one: what it sends, loses, and how it fails."""

import re
import time

import numpy as np
import pytest

pytest.importorskip("gnuradio", reason="GNU Radio is not installed: make radio")

from gnuradio import blocks, uhd

from commgen.sdr.radios.gr_standin import Faults, StandIn
from commgen.sdr.radios.uhd import UhdRadio
from commgen.sdr.radios.uhd_calls import SINK_CALLS, SOURCE_CALLS

pytestmark = [pytest.mark.gnuradio, pytest.mark.timeout(60)]

RATE = 1.92e6


class Ramp:
    """A signal whose samples count themselves, exactly up to 2^24."""

    def __init__(self):
        self.n = 0

    def __call__(self, count):
        self.n += count
        return np.arange(self.n - count, self.n).astype(np.complex64)


def radio(faults=None, **options):
    stand_in = StandIn(Ramp(), faults or Faults())
    return UhdRadio(1e9, RATE, patience_s=0.2, uhd=stand_in, **options), stand_in


def take(radio, count, size=5000):
    """Return values and expected places of at least ``count`` samples."""
    values, places, place = [], [], 0
    while sum(map(len, values)) < count:
        samples = radio.receive(size)
        if samples is None:
            break
        place += samples.lost
        places.append(place + np.arange(len(samples.values)))
        values.append(samples.values)
        place += len(samples.values)
    return np.concatenate(values), np.concatenate(places)


def signatures(kind):
    """Return fewest and most arguments of each call that is UHD's own."""
    own = {}
    shared = {*dir(blocks.null_sink), *dir(blocks.throttle)}
    for name in set(dir(kind)) - shared:
        lines = re.findall(
            rf"^(?:\d+\. )?{name}\((self: .*)\) -> ",
            getattr(kind, name).__doc__ or "",
            re.M,
        )
        nested = r"\[[^\[\]]*\]|\([^()]*\)|<[^<>]*>"
        calls = [re.sub(nested, "", line).split(",")[1:] for line in lines]
        if calls:
            fewest = min(sum("=" not in one for one in call) for call in calls)
            own[name] = (fewest, max(map(len, calls)))
    return own


@pytest.mark.parametrize(
    ("kind", "calls"), [("usrp_source", SOURCE_CALLS), ("usrp_sink", SINK_CALLS)]
)
def test_the_stand_in_has_the_calls_of_the_real_one(kind, calls):
    assert signatures(getattr(uhd, kind)) == calls
    device = getattr(StandIn(Ramp()), kind)("", None)
    for name, (fewest, most) in calls.items():
        assert callable(getattr(device, name))
        with pytest.raises(TypeError):
            getattr(device, name)(*[0] * (most + 1))
        if fewest:
            with pytest.raises(TypeError):
                getattr(device, name)()


@pytest.mark.parametrize("name", ["get_overflows", "set_frequency"])
def test_the_stand_in_refuses_any_other_call(name):
    with pytest.raises(AttributeError):
        getattr(StandIn(Ramp()).usrp_source("", None), name)


def test_samples_come_in_order_and_settings_arrive():
    one, stand_in = radio(
        gain_db=30, antenna="RX2", clock_source="external", time_source="external"
    )
    with one:
        values, places = take(one, 200_000)
    np.testing.assert_array_equal(values, places)
    told = stand_in.source.values
    assert told["gain"] == 30
    assert told["center_freq"].target_freq == 1e9
    assert (told["antenna"], told["clock_source"]) == ("RX2", "external")
    assert told["time_source"] == "external"
    assert "time_unknown_pps" in told
    assert one.facts()["overflows"] == 0
    assert one.facts()["device"]["mboard_id"] == "stand-in"


def test_overflows_are_counted_to_the_sample():
    """uhd#430: overflows that nobody reports."""
    one, _ = radio(Faults(overflow_every=70_001, overflow_lost=1234))
    with one:
        values, places = take(one, 300_000)
    np.testing.assert_array_equal(values, places)
    facts = one.facts()
    assert facts["overflows"] == 4
    assert facts["samples_lost"] == 4 * 1234


def test_times_come_with_the_samples_behind_a_gap():
    one, _ = radio(Faults(overflow_every=70_000, overflow_lost=1234))
    with one:
        first, later = one.receive(70_000), one.receive(5000)
        while not later.lost:
            later = one.receive(5000)
    assert abs(first.time[0] + first.time[1] - time.time()) < 10
    passed = later.time[0] - first.time[0] + later.time[1] - first.time[1]
    assert passed * RATE == pytest.approx(71_234, abs=0.01)


def test_a_storm_of_overflows_ends_the_run():
    one, _ = radio(Faults(overflow_every=5000, overflow_lost=20_000))
    begun = time.perf_counter()
    with one, pytest.raises(OSError, match=r"overflows: \d+ times, \d+ of \d+ samples"):
        take(one, 10**8)
    assert time.perf_counter() - begun < 20


def test_a_silent_stream_is_started_again():
    """uhd#380: after an overflow there, the stream stays silent."""
    one, _ = radio(Faults(silent_after=50_000, restarts=2, overflow_lost=777))
    with one:
        values, places = take(one, 120_000)
    np.testing.assert_array_equal(values, places)
    facts = one.facts()
    assert (facts["silences"], facts["samples_lost"]) == (2, 777)


@pytest.mark.parametrize(
    "faults", [Faults(silent_after=50_000), Faults(vanish_after=50_000)]
)
def test_a_stream_that_stays_silent_ends_the_run(faults, capfd):
    one, _ = radio(faults)
    one.open()
    with pytest.raises(
        OSError, match=r"the USRP is silent: no sample for 0.8 s, after"
    ):
        take(one, 10**8)
    begun = time.perf_counter()
    one.close()
    assert time.perf_counter() - begun < 20


def test_what_is_sent_arrives_and_underruns_are_counted():
    one, stand_in = radio(Faults(underflow_every=30_000), sends=True)
    with one:
        for _ in range(10):
            one.send(np.ones(10_000, np.complex64))
        until = time.monotonic() + 10
        while one.facts()["underruns"] < 3 and time.monotonic() < until:
            time.sleep(0.01)
    assert one.facts()["underruns"] == 3
    assert stand_in.sink.num_samples == 100_000
    with pytest.raises(OSError, match="the radio has ended"):
        one.send(np.ones(10, np.complex64))


def test_a_radio_that_only_listens_does_not_send():
    one, _ = radio()
    with one, pytest.raises(NotImplementedError, match="the radio uhd does not send"):
        one.send(np.ones(10, np.complex64))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"antenna": "RX9"}, "set_antenna: no RX9"),
        ({"clock_source": "sundial"}, "set_clock_source: no sundial"),
    ],
)
def test_what_the_device_refuses_is_one_line(options, message):
    one, _ = radio(args="addr=127.0.0.1", **options)
    with pytest.raises(OSError, match=message) as error:
        one.open()
    assert str(error.value).startswith("the USRP at 'addr=127.0.0.1': ")
    assert len(str(error.value).splitlines()) == 1


def test_a_rate_that_the_clock_does_not_make_is_refused():
    one = UhdRadio(1e9, 1.93e6, uhd=StandIn(Ramp()))
    with pytest.raises(ValueError, match=r"must run at 1.93e.06 samples a second"):
        one.open()


@pytest.mark.parametrize("stand_in", [None, StandIn(Ramp(), Faults(absent=True))])
def test_without_a_device_it_is_one_line(stand_in, capfd):
    """The real UHD, at an address where nothing answers, and the stand-in alike."""
    one = UhdRadio(1e9, RATE, args="addr=127.0.0.1", uhd=stand_in)
    begun = time.perf_counter()
    with pytest.raises(OSError, match="No devices found") as error:
        one.open()
    assert time.perf_counter() - begun < 20
    assert str(error.value) == (
        "the USRP at 'addr=127.0.0.1': No devices found for Device Address: "
        "addr: 127.0.0.1."
    )
    assert capfd.readouterr() == ("", "")
