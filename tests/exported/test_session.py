import json
import subprocess
import sys

import numpy as np
import pytest

from commgen.exported import METADATA_KEY, ExportedContract, ExportedModel, TensorSpec

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

W = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
FLOAT, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
CONTRACT = ExportedContract(
    kind="receiver",
    inputs=[
        TensorSpec("z", (None, 3), "float32", "features, linear"),
        TensorSpec("no", (), "float32", "noise variance, linear"),
    ],
    outputs=[TensorSpec("llr", (None, 2), "float32", "log-likelihood ratios")],
    snr_range_db=(0, 20),
    mean_power={"z": 1.0},
)


def changed(**changes):
    """Return the text of the contract with other values."""
    return json.dumps({**json.loads(CONTRACT.to_json()), **changes})


def renamed(**changes):
    """Return the text with another first input."""
    first, *rest = json.loads(CONTRACT.to_json())["inputs"]
    return changed(inputs=[{**first, **changes}, *rest], mean_power={})


def linear():
    """Return the nodes of llr = (z W) / no."""
    node = onnx.helper.make_node
    return [node("MatMul", ["z", "w"], ["zw"]), node("Div", ["zw", "no"], ["llr"])]


def write(
    path,
    *,
    nodes=None,
    z=(FLOAT, ["n", 3]),
    llr=(FLOAT, ["n", 2]),
    contract=None,
    **save,
):
    """Write nodes between z, no and llr as ONNX."""
    helper = onnx.helper
    info = helper.make_tensor_value_info
    w = onnx.numpy_helper.from_array(W.astype("d" if z[0] == DOUBLE else "f"), "w")
    inputs = [info("z", *z), info("no", z[0], [])]
    graph = helper.make_graph(
        nodes or linear(), "graph", inputs, [info("llr", *llr)], [w]
    )
    opset = [helper.make_opsetid("", 15)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    text = CONTRACT.to_json() if contract is None else contract
    if text:
        helper.set_model_props(model, {METADATA_KEY: text})
    onnx.save(model, path, **save)
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "model.onnx"


def features(batch):
    rng = np.random.default_rng(seed=5)
    return rng.normal(size=(batch, 3)).astype(np.float32)


@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize("batch", [0, 1, 7])
def test_the_graph_is_computed(file, batch, num_threads):
    model = ExportedModel(write(file), num_threads=num_threads)
    assert model.contract == CONTRACT
    z = features(batch)
    outputs = model.run({"no": np.float32(0.5), "z": z}, snr_db=3)
    assert list(outputs) == ["llr"]
    assert outputs["llr"].dtype == np.float32
    np.testing.assert_allclose(outputs["llr"], z @ W / 0.5, rtol=1e-5, atol=1e-5)


def test_arrays_need_not_lie_in_order(file):
    z = features(14)
    for view in (np.asfortranarray(z), z[::2], z[::-1]):
        made = ExportedModel(write(file)).run({"z": view, "no": np.float32(1)})
        np.testing.assert_allclose(made["llr"], view @ W, rtol=1e-5, atol=1e-5)


def test_a_path_may_be_text(file):
    assert ExportedModel(str(write(file))).contract.kind == "receiver"


@pytest.mark.parametrize(
    ("given", "snr_db", "message"),
    [
        ({"y": features(2)}, None, r"arrays must be named \['z', 'no'\]"),
        ({"z": features(2)[:, :2]}, None, r"z must be \[batch, 3\], got \(2, 2\)"),
        ({"z": 100 * features(2)}, None, "z must have a mean power"),
        ({}, 25, r"snr_db must be in 0\.\.20, .* got 25"),
        ({}, [5, np.nan], r"got nan at index \(1,\)"),
    ],
)
def test_inputs_outside_the_contract_are_refused(file, given, snr_db, message):
    model = ExportedModel(write(file))
    arrays = {"z": features(2), "no": np.float32(1), **given}
    with pytest.raises(ValueError, match=message):
        model.run(arrays, snr_db=snr_db)


def test_unchecked_arrays_are_computed(file):
    z = 100 * features(2)
    arrays = {"z": z, "no": np.float32(1)}
    made = ExportedModel(write(file)).run(arrays, snr_db=99, check=False)
    np.testing.assert_allclose(made["llr"], z @ W, rtol=1e-4)


def test_what_onnxruntime_refuses_is_one_line(file):
    model = ExportedModel(write(file))
    arrays = {"z": np.ones((2, 4), np.float32), "no": np.float32(1)}
    with pytest.raises(ValueError, match=r"model\.onnx cannot be run: .*z") as caught:
        model.run(arrays, check=False)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"z": (FLOAT, ["n", "k"])}, None),
        ({"llr": (FLOAT, ["n", "k"])}, None),
        ({"z": (DOUBLE, ["n", 3]), "llr": (DOUBLE, ["n", 2])}, "z .*float32, got flo"),
        ({"z": (FLOAT, [4, 3]), "llr": (FLOAT, [4, 2])}, r"z .*\[batch, 3\], got \[4"),
        (
            {"z": (FLOAT, ["n", 1, 3]), "llr": (FLOAT, ["n", 1, 2])},
            r"z must be \[batch",
        ),
        ({"contract": renamed(name="y")}, r"inputs must be named \['y', 'no'\]"),
        ({"contract": renamed(shape=[None, 4])}, r"z must be \[batch, 4\], got \['n'"),
        ({"contract": renamed(dtype="int8")}, "z must be int8, got float32"),
    ],
)
def test_a_graph_and_its_contract_must_agree(file, options, message):
    write(file, **options)
    if message is None:
        ExportedModel(file)
        return
    with pytest.raises(
        ValueError, match=rf"model\.onnx breaks its contract: {message}"
    ):
        ExportedModel(file)


def test_outputs_must_have_the_names_of_the_contract(file):
    outputs = [{**json.loads(CONTRACT.to_json())["outputs"][0], "name": "bits"}]
    with pytest.raises(ValueError, match=r"outputs must be named \['bits'\], got \['l"):
        ExportedModel(write(file, contract=changed(outputs=outputs)))


def test_outputs_that_break_the_contract_are_refused(file, capfd):
    """The graph leaves the axes free, so only the outputs tell."""
    free = (FLOAT, ["n", "k"])
    nodes = [onnx.helper.make_node("Identity", ["z"], ["llr"])]
    model = ExportedModel(write(file, nodes=nodes, z=free, llr=free))
    arrays = {"z": features(2), "no": np.float32(1)}
    with pytest.raises(
        ValueError, match=r"contract: llr must be \[batch, 2\], got \(2"
    ):
        model.run(arrays)
    assert model.run(arrays, check=False)["llr"].shape == (2, 3)
    assert capfd.readouterr().err == ""


def test_outputs_must_have_the_batch_of_the_inputs(file):
    nodes = [onnx.helper.make_node("Concat", ["zw", "zw"], ["llr"], axis=0)]
    nodes = [linear()[0], *nodes]
    model = ExportedModel(write(file, nodes=nodes, llr=(FLOAT, ["m", 2])))
    with pytest.raises(ValueError, match="llr must have the batch of z, 3, got 6"):
        model.run({"z": features(3), "no": np.float32(1)})


def test_no_file(file):
    for path in (file, file.parent):
        with pytest.raises(FileNotFoundError, match="no model at "):
            ExportedModel(path)


@pytest.mark.parametrize("keep", [0, 20, -1])
def test_a_damaged_file_is_refused_in_one_line(file, capfd, keep):
    file.write_bytes(write(file).read_bytes()[:keep])
    with pytest.raises(
        ValueError, match=r"model\.onnx cannot be read as \.onnx: "
    ) as e:
        ExportedModel(file)
    assert "\n" not in str(e.value)
    assert capfd.readouterr().err == ""


def test_no_contract(file):
    with pytest.raises(ValueError, match="has no commgen_contract in its metadata: it"):
        ExportedModel(write(file, contract=""))


@pytest.mark.parametrize("text", ["{", changed(version=2), changed(kind="")])
def test_a_bad_contract_is_refused(file, text):
    with pytest.raises(ValueError, match=r"model\.onnx: the contract cannot be read: "):
        ExportedModel(write(file, contract=text))


def test_weights_in_another_file_are_refused(file):
    write(file, save_as_external_data=True, location="w", size_threshold=0)
    assert (file.parent / "w").exists()
    with pytest.raises(ValueError, match="must hold its weights, they lie in another"):
        ExportedModel(file)


@pytest.mark.parametrize(
    ("num_threads", "error", "message"),
    [
        (0, ValueError, "num_threads must be at least 1, got 0"),
        (1.5, TypeError, "num_threads must be a whole number"),
    ],
)
def test_threads(file, num_threads, error, message):
    with pytest.raises(error, match=message):
        ExportedModel(file, num_threads=num_threads)


def test_without_onnxruntime(file, monkeypatch):
    write(file)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install '\.\[sdr\]'") as caught:
        ExportedModel(file)
    assert caught.value.name == "onnxruntime"


def test_the_room_loads_numpy_alone():
    code = (
        "import sys, commgen.exported; print(*{m.split('.')[0] for m in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"onnx", "onnxruntime", "tensorflow", "keras", "sionna"}
