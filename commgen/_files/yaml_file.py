"""Configurations as YAML files, and their faults in words."""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from commgen._files.inputs import check_input, read_input_text

Model = TypeVar("Model", bound=BaseModel)

_LIMITS = {
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "extra_forbidden": "is an unknown key",
    "missing": "must be given",
    "finite_number": "must be finite",
    "string_pattern_mismatch": "must match {pattern}",
}
_OWN_RULE = re.compile(r"^([A-Za-z_][\w.]*) ((?:must|needs) .*)$", re.DOTALL)


# More than any configuration needs. Aliases count as what they stand for: a few lines
# of them, each in the next, would make more values than there is memory.
_MAX_BYTES = 2**20
_MAX_DEPTH = 50
_MAX_VALUES = 100_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UniqueKeyLoader(_Loader):
    """Safe loader that refuses a key given twice, of which YAML keeps the last."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue  # no key of ours, and refused by the parent
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise ValueError(
                    f"line {key_node.start_mark.line + 1}: the key {key!r} is given "
                    "twice"
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: str | Path) -> Any:
    """Read plain values from a YAML file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not YAML, a key is given twice, or there is more of it than a
        configuration can have: 1 MiB, 100,000 values, 50 of them in each other.
    """
    path = Path(path)
    try:
        if (size := check_input(path).stat().st_size) > _MAX_BYTES:
            raise ValueError(f"YAML must be at most {_MAX_BYTES} bytes, got {size}")
        return _load(read_input_text(path))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file: {error}.") from None
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise ValueError(f"{path} is not valid YAML: {where}.") from None
    except RecursionError:
        raise ValueError(f"{path} is not valid YAML: too deep.") from None
    except ValueError as error:
        raise ValueError(f"{path}, {error}.") from None


def _load(text: str) -> Any:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        _check_depth(depth)
    loader = _UniqueKeyLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check_depth(depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError(f"values must be at most {_MAX_DEPTH} deep in each other")


def _measure(node: Any, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """Return number and depth of the values in a node, aliases written out."""
    if id(node) not in known:
        known[id(node)] = None
        parts = [] if isinstance(node, yaml.ScalarNode) else node.value
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        found = [_measure(part, known) for part in parts]
        count = 1 + sum(count for count, _ in found)
        depth = 1 + max((depth for _, depth in found), default=0)
        if count > _MAX_VALUES:
            raise ValueError(
                f"there must be at most {_MAX_VALUES:,} values, aliases written out"
            )
        _check_depth(depth - 1)
        known[id(node)] = count, depth
    measured = known[id(node)]
    if measured is None:
        raise ValueError("an alias must not stand for what it is in")
    return measured


def write_yaml(data: Any) -> str:
    """Return plain values as YAML, in their order."""
    return yaml.safe_dump(data, sort_keys=False)


def validate(model: type[Model], data: Any) -> Model:
    """Make a configuration of plain values, such as YAML gives them.

    Raises
    ------
    ValueError
        One line for each fault, ``key.path: rule, got value``.
    """
    if not isinstance(data, dict):
        raise ValueError(
            "The configuration must be a mapping of keys to values, "
            f"got {type(data).__name__}."
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = [_line(data, fault) for fault in error.errors()]
        raise ValueError("\n".join(dict.fromkeys(lines))) from None


def _line(data: Any, fault: Any) -> str:
    """Turn one of pydantic's errors into ``key.path: rule, got value``."""
    path = _path(data, fault["loc"], keep_last=fault["type"] == "missing")
    limits = fault.get("ctx", {})
    template = _LIMITS.get(fault["type"])
    if fault["type"].startswith("union_tag"):
        key = limits["discriminator"].strip("'")
        tags = limits.get("expected_tags")
        rule = f"must be one of {tags}, got {limits['tag']!r}" if tags else None
        return f"{path}.{key}: {rule or 'must be given'}"
    if fault["type"] == "missing":
        return f"{path}: {template}"
    if template is not None:
        return f"{path}: {template.format(**limits)}, got {_show(fault['input'])}"
    rule = fault["msg"].removeprefix("Value error, ").rstrip(".")
    own = _OWN_RULE.match(rule)
    if own:  # a rule that names its key
        return f"{'.'.join(p for p in (path, own[1]) if p)}: {own[2]}"
    if isinstance(fault["input"], dict):
        return f"{path}: {rule}" if path else rule
    return f"{path}: {rule[0].lower() + rule[1:]}, got {_show(fault['input'])}"


def _path(data: Any, loc: tuple, *, keep_last: bool) -> str:
    """Join the keys of ``loc`` that the user wrote; pydantic adds names of unions."""
    keys = []
    for i, key in enumerate(loc):
        if isinstance(data, dict):
            known = key in data
        else:
            known = isinstance(data, list) and isinstance(key, int) and key < len(data)
        if known:
            data = data[key]
        if known or (keep_last and i == len(loc) - 1):
            keys.append(str(key))
    return ".".join(keys)


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
