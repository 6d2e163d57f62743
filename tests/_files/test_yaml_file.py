"""Configurations of strangers: no YAML takes more time or memory than it is worth."""

import os

import pytest

from commgen._files.yaml_file import read_yaml


def read(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path)


def test_reads_plain_values_and_aliases(tmp_path):
    found = read(tmp_path, "a: &a {b: 1}\nc: *a\nd: {<<: *a, e: [2.0, null]}\n")
    assert found == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": [2.0, None]}}
    assert read(tmp_path, "") is None


NINE = ",".join(["{0}"] * 9)
BOMB = "\n".join(
    ["a0: &a0 [x]"]
    + [f"a{i}: &a{i} [{NINE.format(f'*a{i - 1}')}]" for i in range(1, 40)]
)
CHAIN = "\n".join(["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 99)])


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, r"at most 100,000 values, aliases written out"),
        (CHAIN, r"at most 50 deep in each other"),
        ("[" * 90_000, r"at most 50 deep in each other|maximum nesting depth"),
        ("&a [*a]", r"an alias must not stand for what it is in"),
        ("a: &a {b: {c: *a}}", r"an alias must not stand for what it is in"),
        ("- 1\n" * 200_000, r"at most 100,000 values"),
        ("# " + "x" * 2**20, r"must be at most 1048576 bytes, got 1048578"),
        ("a: 1\na: 2\n", r"line 2: the key 'a' is given twice"),
        ("? [1]\n: 2\n", r"is not valid YAML"),
        ("a: !!python/object/apply:os.system [ls]", r"is not valid YAML"),
        ("a: [1", r"is not valid YAML: .*line 1"),
        (b"\xff\xfe\x00", r"config\.yaml is not"),
        (b"a: \x00", r"config\.yaml is not valid YAML"),
    ],
)
def test_refuses_what_would_never_end(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text)


def test_devices_and_pipes_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with pytest.raises(OSError, match="must be a regular file, got a"):
            read_yaml(path)
