"""Exported models on disk: canonical, compared, whole or not there."""

import numpy as np
import pytest

from commgen.exported import ExportedContract, ExportedModel, TensorSpec
from commgen.exported.canonical import canonical
from commgen.exported.quantise import quantise
from commgen.exported.writing import (
    check_equal,
    exported_made,
    model_bytes,
    save_exported,
)

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

FLOAT = onnx.TensorProto.FLOAT
CONTRACT = ExportedContract(
    "receiver",
    (TensorSpec("z", (None, 3, 8), "float32", "features"),),
    (TensorSpec("llr", (None, 4, 8), "float32", "log-likelihood ratios"),),
    snr_range_db=(0, 20),
)


def graph(names="abcdefg", *, turned=False, op="Conv"):
    """llr = conv(relu(conv(z)) + conv(z)), with names and an order of its own."""
    rng = np.random.default_rng(1)
    z, llr, first, other, positive, total, unused = names
    helper, array = onnx.helper, onnx.numpy_helper.from_array
    shapes = {"w1": (4, 3, 3), "w2": (4, 3, 1), "w3": (4, 4, 1)}
    pads = {"pads": [1, 1]}
    nodes = [
        helper.make_node(op, [z, "w1"], [first], **pads),
        helper.make_node("Conv", [z, "w2"], [other]),
        helper.make_node("Relu", [first], [positive]),
        helper.make_node("Add", [positive, other], [total]),
        helper.make_node("Conv", [total, "w3"], [llr]),
    ]
    weights = [array(rng.normal(size=s).astype("f"), n) for n, s in shapes.items()]
    weights.append(array(np.zeros(2, "f"), unused))
    if turned:
        nodes[:2], weights = nodes[1::-1], weights[::-1]
    info = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        f"made of {names}",
        [info(z, FLOAT, ["n", 3, 8])],
        [info(llr, FLOAT, ["m", 4, None])],
        weights,
    )
    opset = [helper.make_opsetid("", 15)]
    return helper.make_model(made, opset_imports=opset, ir_version=8)


def test_the_bytes_follow_from_the_graph_alone():
    one, two = graph(), graph("zyxwvut", turned=True)
    assert one.SerializeToString() != two.SerializeToString()
    assert model_bytes(one, CONTRACT) == model_bytes(two, CONTRACT)
    assert len(canonical(one, ["z"], ["llr"]).graph.initializer) == 3


def test_canonical_asks_for_all_names():
    with pytest.raises(ValueError, match=r"outputs must be 1 names, .* got \['a', 'b'"):
        canonical(graph(), ["z"], ["a", "b"])


def test_a_file_tells_its_contract_and_what_made_it(tmp_path):
    path = tmp_path / "m.onnx"
    save_exported(path, graph(), CONTRACT, made="by hand")
    assert exported_made(path) == "by hand"
    assert ExportedModel(path).contract == CONTRACT
    save_exported(path, graph(), CONTRACT)
    assert exported_made(path) is None


def test_what_fails_its_check_is_not_written(tmp_path):
    def check(model):
        z = np.ones((2, 3, 8), np.float32)
        check_equal("the test", model.run({"z": z}), {"llr": np.zeros((2, 4, 8))})

    with pytest.raises(ValueError, match=r"llr of the exported model must be within"):
        save_exported(tmp_path / "m.onnx", graph(), CONTRACT, check=check)
    with pytest.raises(ValueError, match=r"output must end in \.onnx, got m\.bin"):
        save_exported(tmp_path / "m.bin", graph(), CONTRACT)
    broken = graph(op="NoSuchOperator")
    with pytest.raises(ValueError, match=r"the graph is not valid ONNX: .*NoSuchOp"):
        save_exported(tmp_path / "m.onnx", broken, CONTRACT)
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_tells_nothing_of_its_making(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"\x08\x07damaged")
    with pytest.raises(ValueError, match=r"m\.onnx cannot be read as \.onnx"):
        exported_made(tmp_path / "m.onnx")


def test_convolutions_and_the_sums_between_them_are_in_8_bits(tmp_path):
    z = np.random.default_rng(2).normal(size=(70, 3, 8)).astype(np.float32)
    small = quantise(canonical(graph(), ["z"], ["llr"]), {"z": z})
    weights = {w.data_type for w in small.graph.initializer if len(w.dims) > 1}
    assert weights == {onnx.TensorProto.INT8}
    for name, proto in (("small", small), ("whole", graph())):
        save_exported(tmp_path / f"{name}.onnx", proto, CONTRACT)
    found, wanted = (
        ExportedModel(tmp_path / f"{n}.onnx").run({"z": z})["llr"]
        for n in ("small", "whole")
    )
    error = np.sqrt(np.mean((found - wanted) ** 2) / np.mean(wanted**2))
    # Five roundings to 8 bits, each of some 1 / 256 of a range of six deviations.
    assert 1e-4 < error < 5 * 6 / 256 / 12**0.5 * 2


def test_without_convolutions_there_is_nothing_to_quantise():
    helper = onnx.helper
    info = helper.make_tensor_value_info
    relu = helper.make_node("Relu", ["z"], ["llr"], name="relu")
    values = [info("z", FLOAT, ["n"])], [info("llr", FLOAT, ["n"])]
    proto = helper.make_model(helper.make_graph([relu], "g", *values))
    with pytest.raises(ValueError, match=r"model must have convolutions to be written"):
        quantise(proto, {"z": np.ones(3, np.float32)})
