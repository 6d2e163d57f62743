"""Configurations as YAML files, and their faults in words."""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from commgen._inputs import read_input_text

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


class _UniqueKeyLoader(yaml.SafeLoader):
    """Safe loader that refuses a key given twice, of which YAML keeps the last."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue  # no key of ours, and refused by the parent
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
        If it is not YAML, or a key is given twice.
    """
    path = Path(path)
    try:
        text = read_input_text(path)
        return yaml.load(text, Loader=_UniqueKeyLoader)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file: {error}.") from None
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise ValueError(f"{path} is not valid YAML: {where}.") from None
    except RecursionError:
        raise ValueError(f"{path} is not valid YAML: too deep.") from None
    except ValueError as error:
        raise ValueError(f"{path}, {error}.") from None


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
