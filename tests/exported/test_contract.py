import dataclasses
import json

import numpy as np
import pytest

from commgen.exported import METADATA_KEY, ExportedContract, TensorSpec

Z = TensorSpec("z", (None, 14, None), "float32", "features, linear")
NO = TensorSpec("no", (None,), "float32", "noise variance, linear")
GAIN = TensorSpec("gain", (), "float64", "gain, linear")
LLR = TensorSpec("llr", (None, 14, 2), "float32", "log-likelihood ratios")
FRAME = {"fft_size": 128, "dc_null": True, "num_guard_carriers": (28, 27)}


def contract(**changes):
    values = {
        "kind": "receiver",
        "inputs": [Z, NO, GAIN],
        "outputs": [LLR],
        "snr_range_db": (-5, 20.1),
        "mean_power": {"z": 0.5},
        "frame": FRAME,
        "delay_spread_range_s": (3e-8, 3e-7),
        "cfo_range_hz": (-20e3, 20e3),
        "data_sha256": "0a" * 32,
    }
    return ExportedContract(**{**values, **changes})


def arrays(batch=3, *, scale=1.0, **changes):
    rng = np.random.default_rng(seed=3)
    z = scale * np.sqrt(0.5) * rng.normal(size=(batch, 14, 5))
    values = {
        "z": z.astype(np.float32),
        "no": np.full(batch, 0.1, np.float32),
        "gain": np.array(1.0),
    }
    return {**values, **changes}


def tampered(**changes):
    """Return the text of a contract with other values; ``...`` takes a key away."""
    values = {**json.loads(contract().to_json()), **changes}
    return json.dumps({k: v for k, v in values.items() if v is not ...})


def tensor(**changes):
    return {**dataclasses.asdict(Z), **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mean_power": {}, "frame": {}, "delay_spread_range_s": None},
        {"data_sha256": None, "cfo_range_hz": None, "doppler_range_hz": (0, 350)},
        {"kind": "prior für Räume", "mean_power": {"z": 1, "no": np.float32(0.1)}},
    ],
)
def test_json_gives_the_contract_back(changes):
    before = contract(**changes)
    after = ExportedContract.from_json(before.to_json())
    assert after == before
    assert after.to_json() == before.to_json()
    assert after.inputs[0].shape == (None, 14, None)


def test_the_text_says_what_it_is():
    """Files lie on radio hosts for years: these names stay."""
    values = json.loads(contract().to_json())
    assert (values["format"], values["version"]) == ("commgen-exported", 1)
    assert METADATA_KEY == "commgen_contract"
    assert values["frame"]["num_guard_carriers"] == [28, 27]
    assert values["inputs"][2] == {
        "name": "gain",
        "shape": [],
        "dtype": "float64",
        "meaning": "gain, linear",
    }


def test_a_contract_does_not_follow_what_it_was_made_of():
    frame = {"fft_size": 128}
    made = contract(frame=frame)
    frame["fft_size"] = 64
    assert made.frame == {"fft_size": 128}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is not valid JSON: Expecting value"),
        ("[" * 100_000, "recursion"),
        ("[1]", "it must be a JSON object with format commgen-exported"),
        ("{}", "it must be a JSON object with format commgen-exported"),
        ('{"format": NaN}', "not valid JSON: NaN is no number of JSON"),
        ('{"kind": 1, "kind": 2}', "not valid JSON: the key 'kind' stands there twice"),
        (tampered(format="onnx"), "it must be a JSON object with format"),
        (tampered(version=2), r"has version 2, newer than the 1 .*; update commgen\.$"),
        (tampered(version=0), "version must be a whole number from 1 on, got 0"),
        (tampered(version=True), "version must be a whole number from 1 on, got True"),
        (tampered(version=...), "version must be .*, got None"),
        (tampered(kind=...), "it must have the key 'kind', it is missing"),
        (tampered(cfo_range_hz=...), "it must have the key 'cfo_range_hz'"),
        (tampered(code="x"), "it has the unknown key 'code'"),
        (tampered(kind=3), "kind must be a text that is not empty, got 3"),
        (tampered(kind=" "), "kind must be a text that is not empty, got ' '"),
        (tampered(commgen_version=None), "commgen_version must be a text"),
        (tampered(inputs=[]), r"inputs must be a list of at least one .*, got \[\]"),
        (tampered(outputs={}), r"outputs must be a list of at least one .*, got \{\}"),
        (tampered(inputs=["z"]), "each tensor must be a JSON object, got 'z'"),
        (tampered(inputs=[{"name": "z"}]), "each tensor must have the key 'shape'"),
        (tampered(inputs=[tensor(unit="V")]), "each tensor has the unknown key 'unit'"),
        (tampered(inputs=[tensor(name="")]), "name must be a text"),
        (tampered(inputs=[tensor(meaning=1)]), "meaning of z must be a text"),
        (tampered(inputs=[tensor(dtype="complex64")]), "dtype of z .*float32.*complex"),
        (tampered(inputs=[tensor(dtype=["int8"])]), "dtype of z must be one of"),
        (tampered(inputs=[tensor(shape=14)]), "shape of z must be a list of axes"),
        (tampered(inputs=[tensor(shape=[0])]), "an axis of z must be at least 1"),
        (tampered(inputs=[tensor(shape=[1.5])]), "an axis of z must be a whole number"),
        (tampered(inputs=[tensor(shape=[True])]), "an axis of z must be a whole"),
        (
            tampered(inputs=[tensor(name="llr")]),
            r"differ in name, got \['llr', 'llr'\]",
        ),
        (tampered(mean_power={"y": 1}), r"mean_power must map inputs, of \['z', 'no'"),
        (tampered(mean_power=[1]), "mean_power must map inputs"),
        (tampered(mean_power={"z": 0}), "mean_power of z must be finite and above 0"),
        (tampered(mean_power={"z": "1"}), "mean_power of z must be a number"),
        (tampered(frame=[]), r"frame must be a mapping, got \[\]"),
        (tampered(snr_range_db=None), "snr_range_db must be a lowest and a highest"),
        (tampered(snr_range_db=[1]), "snr_range_db must be a lowest and a highest"),
        (tampered(snr_range_db=[1, "2"]), r"must be two numbers, got \[1, '2'\]"),
        (tampered(snr_range_db=[False, 2]), "must be two numbers"),
        (tampered(snr_range_db=[2, 1]), "must be finite and ascend, got 2, 1"),
        (tampered(snr_range_db=[0, 10**400]), "too large"),
        (tampered(cfo_range_hz=[1, 0]), "cfo_range_hz must be finite and ascend"),
        (tampered(doppler_range_hz=7), "doppler_range_hz must be a lowest and"),
        (tampered(delay_spread_range_s=[-1, 0]), "delay_spread_range_s .* least 0"),
        (tampered(data_sha256="0A" * 32), "data_sha256 must be 64 hexadecimal digits"),
        (tampered(data_sha256=5), "data_sha256 must be 64 hexadecimal digits, got 5"),
    ],
)
def test_other_text_is_refused(text, message):
    with pytest.raises(ValueError, match=f"contract cannot be read: .*{message}") as e:
        ExportedContract.from_json(text)
    assert "\n" not in str(e.value)


def test_infinity_hidden_in_a_number_is_refused():
    text = contract().to_json().replace('"fft_size": 128', '"fft_size": 1e999')
    with pytest.raises(ValueError, match="frame must hold JSON values only"):
        ExportedContract.from_json(text)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"inputs": ["z"]}, TypeError, "inputs must hold TensorSpec, got 'z'"),
        ({"inputs": "z"}, ValueError, "inputs must be a list"),
        ({"frame": {"fft_size": np.int64(1)}}, ValueError, "frame must hold JSON val"),
        ({"snr_range_db": (0, np.nan)}, ValueError, "must be finite and ascend"),
        ({"mean_power": {"z": True}}, TypeError, "mean_power of z must be a number"),
    ],
)
def test_values_that_cannot_be_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        contract(**changes)


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        contract().kind = "prior"


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((), "a scalar"),
        ((None,), "[batch]"),
        ((None, 14, None), "[batch, 14, any]"),
        ((1, None), "[1, any]"),
    ],
)
def test_shapes_read_as_in_docstrings(shape, layout):
    assert TensorSpec("z", shape, "float32", "features").layout == layout


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_arrays_that_fit_pass(batch):
    contract().check_arrays(arrays(batch))


def test_scalars_of_numpy_are_arrays():
    contract().check_arrays(arrays(gain=np.float64(2)))


@pytest.mark.parametrize("scale", [0.11, 9])
def test_fading_changes_the_power_and_passes(scale):
    contract().check_arrays(arrays(scale=scale))


def test_without_a_promise_any_power_passes():
    contract(mean_power={}).check_arrays(arrays(scale=0))


ZEROS = np.zeros((3, 14, 5), np.float32)
BAD = arrays()["z"].copy()
BAD[1, 2, 3] = np.nan


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"arrays must be named \['z', 'no', 'gain'\], got \[\]"),
        (arrays(n0=1), r"must be named .*, got \['z', 'no', 'gain', 'n0'\]"),
        (arrays(z=ZEROS.astype(float)), r"z must be float32, got float64\."),
        (arrays(z=ZEROS.astype(">f4")), "z must be float32, got >f4"),
        (arrays(z=ZEROS + 1j), "z must be float32, got complex64"),
        (arrays(gain=2), "gain must be float64, got int"),
        (arrays(z=ZEROS[0]), r"z must be \[batch, 14, any\], got \(14, 5\)"),
        (arrays(z=ZEROS[:, 1:]), r"z must be \[batch, 14, any\], got \(3, 13, 5\)"),
        (arrays(z=ZEROS[..., None]), r"z must be \[batch, 14, any\], got .*, 1\)"),
        (arrays(z=np.float32(1)), r"z must be \[batch, 14, any\], got \(\)"),
        (arrays(gain=np.ones(1)), r"gain must be a scalar, got \(1,\)"),
        (arrays(no=np.ones(4, np.float32)), "no must have the batch of z, 3, got 4"),
        (arrays(z=BAD), r"z must be finite, got 1 NaN .* first at index \(1, 2, 3\)"),
        (arrays(gain=np.array(np.inf)), r"gain must be finite, .* at index \(\)"),
        (arrays(z=ZEROS), r"mean power within a factor 100 of 0\.5, got 0; scale"),
        (arrays(scale=0.05), r"within a factor 100 of 0\.5, got 0\.00"),
        (arrays(scale=2048), "z must have a mean power within a factor 100"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        contract().check_arrays(given)


def test_power_that_overflows_is_refused():
    with pytest.raises(ValueError, match=r"gain must have a mean power .*, got inf"):
        contract(mean_power={"gain": 1}).check_arrays(arrays(gain=np.array(1e200)))


def test_a_lone_array_is_refused():
    with pytest.raises(
        TypeError, match=r"arrays must map names to arrays, got .*ndarr"
    ):
        contract().check_arrays(ZEROS)


@pytest.mark.parametrize(
    "frame", [FRAME, {**FRAME, "fft_size": 128.0}, {**FRAME, "num_bits_per_symbol": 2}]
)
def test_the_frame_of_the_training_passes(frame):
    contract().check_frame(frame)


def test_a_model_of_no_frame_takes_any():
    contract(frame={}).check_frame(FRAME)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({**FRAME, "fft_size": 64}, r"frame\.fft_size must be 128, as .*, got 64\."),
        (
            {**FRAME, "num_guard_carriers": (28, 28)},
            r"must be \[28, 27\], .*\[28, 28\]",
        ),
        ({**FRAME, "dc_null": None}, r"frame\.dc_null must be True, .*, got None"),
        ({"fft_size": 128}, r"frame\.dc_null must be True, it is missing"),
        ({"fft_size": np.int64(128)}, "frame must hold JSON values only: .*int64"),
        (None, "frame must be a mapping, got None"),
    ],
)
def test_another_frame_is_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        contract().check_frame(frame)


@pytest.mark.parametrize(
    "snr_db",
    [
        -5,
        20.1,
        [],
        [0, 5.5],
        np.array([[-5], [20]]),
        # Rounded up in single precision, and still the end of the range.
        np.float32(20.1),
        np.array([20.1], np.float32),
    ],
)
def test_snr_of_the_training_passes(snr_db):
    contract().check_snr(snr_db)


@pytest.mark.parametrize(
    ("snr_db", "message"),
    [
        (21, r"snr_db must be in -5\.\.20\.1, the range of .*, got 21\.$"),
        ([0, -5.5, 30], r"got -5\.5 at index \(1,\)\."),
        (np.array([[0.0, 1], [2, np.nan]]), r"got nan at index \(1, 1\)"),
        (np.inf, "got inf"),
        ("5", "snr_db must be real numbers, got '5'"),
        (None, "snr_db must be real numbers, got None"),
        (1j, "snr_db must be real numbers, got 1j"),
    ],
)
def test_another_snr_is_refused(snr_db, message):
    with pytest.raises(ValueError, match=message):
        contract().check_snr(snr_db)
