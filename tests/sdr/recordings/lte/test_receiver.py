"""Cells that the test sends by the standard, and those of recordings."""

import numpy as np
import pytest

from commgen.sdr.recordings.iq import open_iq
from commgen.sdr.recordings.lte import broadcast
from commgen.sdr.recordings.lte.broadcast import Mib
from commgen.sdr.recordings.lte.clock import Clock, find_clock
from commgen.sdr.recordings.lte.grid import has_reference, reference
from commgen.sdr.recordings.lte.receiver import cells, read_cell
from commgen.sdr.recordings.lte.report import proof
from commgen.sdr.recordings.lte.search import find_cells
from commgen.sdr.recordings.lte.sequences import gold, primary, secondary


@pytest.mark.parametrize("cell", [0, 89, 90, 253, 503])
def test_synchronisation_signals_are_the_standards(cell, downlink):
    np.testing.assert_allclose(primary(cell % 3), downlink.primary(cell % 3))
    for half in (0, 1):
        np.testing.assert_array_equal(
            secondary(cell % 3)[half, cell // 3], downlink.secondary(cell, half)
        )


def test_secondary_signals_tell_all_cells_apart():
    every = np.concatenate([secondary(sector).reshape(336, 62) for sector in range(3)])
    assert len(np.unique(every, axis=0)) == 1008


def test_gold_sequences_and_references_are_the_standards(downlink):
    for seed in (0, 1, 1517, 2**31 - 1):
        np.testing.assert_array_equal(gold(seed, 300), downlink.gold(seed, 300))
    for port, symbol in ((0, 0), (0, 11), (1, 7), (1, 4), (2, 8), (3, 1), (0, -3)):
        assert has_reference(port, symbol)
        found = reference(142, port, symbol)
        slot, place = divmod(symbol % 140, 7)
        expected = downlink.references(142, port, slot, place)
        assert dict(zip(found.carriers.tolist(), found.values, strict=True)) == {
            k: pytest.approx(v, abs=1e-6) for k, v in expected.items()
        }
    assert not has_reference(0, 1)
    assert not has_reference(2, 4)


def test_the_middle_is_the_same_whatever_the_bandwidth(downlink):
    """25 blocks begin 114 subcarriers below the middle six."""
    wide = downlink.references(253, 1, 3, 4, num_rb=25)
    found = reference(253, 1, 25)
    for k, value in zip(found.carriers, found.values, strict=True):
        assert wide[int(k) + 114] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("num_ports", [1, 2, 4])
def test_a_block_is_read_from_any_of_its_frames(num_ports, downlink, rng):
    bits = downlink.mib_bits(75, True, 1 / 2, 4 * 57)
    sent = downlink.broadcast(86, num_ports, bits)
    h = rng.normal(size=(1, num_ports, 1, 2)) @ [1, 1j] * np.ones(240)
    y = np.sum(h * sent, axis=1)
    noise = rng.normal(size=(4, 240, 2)) @ [1, 1j] / np.sqrt(2)
    power = np.mean(np.abs(y) ** 2)
    llr = broadcast.combine(y + np.sqrt(power / 2) * noise, np.repeat(h, 4, 0))
    expected = Mib(num_ports, 75, True, 1 / 2, 4 * 57)
    for phase in range(4):
        mib = broadcast.decode(llr[phase : phase + 1], 86, num_ports, phase)
        assert mib == Mib(num_ports, 75, True, 1 / 2, 4 * 57 + phase)
        wrong = (phase + 1) % 4
        assert broadcast.decode(llr[phase : phase + 1], 86, num_ports, wrong) is None
    assert broadcast.decode(llr, 86, num_ports, 0) == expected
    assert broadcast.decode(llr, 87, num_ports, 0) is None
    assert broadcast.decode(llr, 86, 1 if num_ports > 1 else 2, 0) is None


def test_four_frames_read_what_one_cannot(downlink, rng):
    """At -10 dB, of 20 blocks."""
    sent = downlink.broadcast(86, 2, downlink.mib_bits(50, False, 1, 8))
    h = np.ones((4, 2, 240)) * [[1], [1j]]
    y = np.sum(h * sent, axis=1)
    single = joint = 0
    for _ in range(20):
        noise = rng.normal(size=(4, 240, 2)) @ [1, 1j] / np.sqrt(2)
        llr = broadcast.combine(y + 10**0.5 * noise, h)
        single += broadcast.decode(llr[:1], 86, 2, 0) is not None
        joint += broadcast.decode(llr, 86, 2, 0) is not None
    assert single <= 12
    assert joint >= 18


TAPS = np.array([[1, 0.3j, 0, -0.2], [0.5j, 0.6, 0.1, 0]])


def test_two_cells_that_overlap(downlink, samples, rng):
    """FDD, 6 samples apart, the second 5 dB weaker; carrier -41 kHz, clock +22 ppm."""
    strong = downlink.heard(downlink.frames(142, 2, 1022, 42, rng), TAPS, -41e3, 22)
    weak = downlink.frames(86, 1, 1022, 42, rng)
    weak = downlink.heard(weak, TAPS[1:] / 1.3, -41e3, 22)
    x = 0.02 * (rng.normal(size=(len(strong) + 400, 2)) @ [1, 1j])
    x[200 : 200 + len(strong)] += 0.1 * strong
    x[206 : 206 + len(weak)] += 0.07 * weak
    found = {cell.found.cell: cell for cell in cells(samples(x), skip_s=0)}
    assert {c for c, cell in found.items() if proof(cell) == "frames"} == {142, 86}
    for cell, num_ports, start, least in ((142, 2, 200, 40), (86, 1, 206, 28)):
        own = found[cell]
        assert own.mib == Mib(num_ports, 50, False, 1.0, 1022)
        assert own.found.duplex == "FDD"
        assert abs(own.found.start - start) <= 2
        assert own.clock.cfo_hz == pytest.approx(-41e3, abs=20)
        assert own.clock.clock_ppm == pytest.approx(22, abs=1)
        assert len(own.right) == 42
        assert own.right.sum() >= least
        assert own.blocks_right == own.num_blocks == 10


def test_a_cell_of_tdd(downlink, rng):
    y = downlink.heard(downlink.frames(253, 2, 5, 12, rng, tdd=True), TAPS, 300)
    y = np.r_[np.zeros(777), y] + 0.3 * (rng.normal(size=(len(y) + 777, 2)) @ [1, 1j])
    (found,) = find_cells(y.astype(np.complex64))
    assert (found.cell, found.duplex) == (253, "TDD")
    assert abs(found.start - 777) <= 2
    cell = read_cell(y, found, Clock(0, 0))
    assert cell.mib == Mib(2, 50, False, 1.0, 5)
    assert cell.clock.cfo_hz == pytest.approx(300, abs=20)
    assert cell.right.sum() >= 11


def test_noise_has_no_cells(rng):
    y = (rng.normal(size=(400_000, 2)) @ [1, 1j]).astype(np.complex64)
    assert find_cells(y) == []
    tone = y + 20 * np.exp(0.05j * np.arange(len(y))).astype(np.complex64)
    assert find_cells(tone) == []


def test_silence_has_no_clock():
    clock = find_clock(np.zeros(300_000, np.complex64), most_hz=5e3)
    assert np.isfinite([clock.cfo_hz, clock.clock_ppm]).all()


def test_short_recordings_are_refused(samples):
    told = r"must last 0.4 s beyond the 0.1 s that are left out, got 0.379 s"
    with pytest.raises(ValueError, match=told):
        cells(samples(np.zeros(919_680)))


@pytest.mark.measured
@pytest.mark.slow
def test_recorded_cells(data_root):
    """The published ones; blocks with the right CRC are in step with each other."""
    folder = data_root / "lte_iq"
    strong = "frequency-1850-1880MHz/f1860_s1.92_g0_1s_strong.bin"
    found = cells(open_iq(folder / strong, "uint8"))
    read = {c.found.cell: c for c in found if proof(c) == "frames"}
    assert set(read) == {86, 142}
    assert read[86].right.sum() >= 80
    assert read[142].right.sum() >= 80
    for cell in read.values():
        assert len(cell.right) == 90
        assert (cell.mib.num_rb, cell.mib.num_ports) == (100, 2)
        assert cell.clock.cfo_hz == pytest.approx(-41.8e3, abs=100)
    tdd = "frequency-1880-1900MHz/f1890_s1.92_g0_1s.bin"
    (cell,) = [c for c in cells(open_iq(folder / tdd, "uint8")) if proof(c) == "frames"]
    assert (cell.found.cell, cell.found.duplex) == (253, "TDD")
    assert cell.right.sum() == 90
    assert 9600 * (1 + 1e-6 * cell.clock.clock_ppm) == pytest.approx(9600.21, abs=0.01)
