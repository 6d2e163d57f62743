"""One graph, one file: ONNX graphs in an order and with names of their own."""

from collections.abc import Sequence
from typing import Any


def canonical(proto: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Any:
    """Return an ONNX model whose bytes follow from its graph alone.

    Converters name and order nodes by counters and hashes, so that one network gives
    other bytes each time. Here nodes stand in the order in which the outputs need them,
    and everything is named by its place.

    Parameters
    ----------
    proto : onnx.ModelProto
        The model; its first axes are free.
    inputs, outputs
        Names of the inputs and outputs, in their order.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ValueError
        If there are not as many inputs or outputs.
    """
    import onnx

    graph = proto.graph
    for what, old, new in (
        ("inputs", graph.input, inputs),
        ("outputs", graph.output, outputs),
    ):
        if len(old) != len(new):
            raise ValueError(
                f"{what} must be {len(old)} names, one for each of the graph, got "
                f"{list(new)}."
            )
    nodes = _in_order(graph)
    names = {"": ""}
    names |= {old.name: new for old, new in zip(graph.input, inputs, strict=True)}
    names |= {old.name: new for old, new in zip(graph.output, outputs, strict=True)}
    for k, node in enumerate(nodes):
        for i, name in enumerate(node.output):
            names.setdefault(name, f"v{k}" if i == 0 else f"v{k}_{i}")
    weights = {weight.name: weight for weight in graph.initializer}
    used = [n for node in nodes for n in node.input if n in weights and n not in names]
    kept = list(dict.fromkeys(used))
    names |= {name: f"w{k}" for k, name in enumerate(kept)}
    return onnx.helper.make_model(
        onnx.helper.make_graph(
            [_renamed(node, names) for node in nodes],
            "commgen",
            [_value(value, names) for value in graph.input],
            [_value(value, names) for value in graph.output],
            [_named(weights[name], names) for name in kept],
        ),
        opset_imports=sorted(proto.opset_import, key=lambda one: one.domain),
        ir_version=proto.ir_version,
        producer_name="commgen",
    )


def _in_order(graph: Any) -> list[Any]:
    """Return the nodes that outputs need, each behind what it takes."""
    maker = {name: node for node in graph.node for name in node.output}
    found, seen = [], set()
    todo = [(value.name, False) for value in reversed(graph.output)]
    while todo:
        name, taken = todo.pop()
        node = maker.get(name)
        if node is None or id(node) in seen:
            continue
        if taken:
            seen.add(id(node))
            found.append(node)
            continue
        todo.append((name, True))
        todo += [(one, False) for one in reversed(node.input)]
    return found


def _renamed(node: Any, names: dict[str, str]) -> Any:
    import onnx

    new = onnx.helper.make_node(
        node.op_type,
        [names[name] for name in node.input],
        [names[name] for name in node.output],
        name=names[node.output[0]],
        domain=node.domain,
    )
    new.attribute.extend(sorted(node.attribute, key=lambda one: one.name))
    return new


def _named(weight: Any, names: dict[str, str]) -> Any:
    new = type(weight)()
    new.CopyFrom(weight)
    new.name = names[weight.name]
    return new


def _value(value: Any, names: dict[str, str]) -> Any:
    """Return an input or output under its name; its first axis is the batch."""
    new = _named(value, names)
    shape = new.type.tensor_type.shape
    shape.dim[0].Clear()
    shape.dim[0].dim_param = "batch"
    return new
