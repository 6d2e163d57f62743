"""Damage to files, of the kinds that happen and of those that somebody thinks out."""

import io
import json
import random
import re
import warnings
import zipfile

NUMBERS = (0, 1, -1, 7, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
WORDS = (
    b"NaN",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b"[/b]",
    b"../../etc/passwd",
    b"\xff\xfe",
    b"\xc3\xa4",
    b"!!python/object/apply:os.system [id]",
    b"0x" + b"f" * 40,
)


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Return a damaged file; containers are also damaged behind their checksums."""
    if content[:2] == b"PK" and rng.random() < 0.7:
        return _archive(content, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        content = rng.choice(_KINDS)(content, rng)
    if rng.random() < 0.3:
        content = _text(content, rng)
    return content


def _flip(content, rng):
    if not content:
        return content
    at = rng.randrange(len(content))
    return (
        content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
    )


def _set(content, rng):
    if not content:
        return content
    at = _place(content, rng)
    return content[:at] + bytes([rng.choice((0, 1, 127, 128, 255))]) + content[at + 1 :]


def _number(content, rng):
    size = rng.choice((2, 4, 8))
    value = rng.choice(NUMBERS) % 2 ** (8 * size)
    at = _place(content, rng)
    return (
        content[:at]
        + value.to_bytes(size, rng.choice(("big", "little")))
        + content[at + size :]
    )


def _cut(content, rng):
    return content[: rng.randrange(len(content) + 1)]


def _remove(content, rng):
    at = _place(content, rng)
    return content[:at] + content[at + rng.choice((1, 2, 8, 64, 512)) :]


def _repeat(content, rng):
    at, size = _place(content, rng), rng.choice((1, 8, 64, 512))
    return (
        content[:at] + content[at : at + size] * rng.choice((1, 2, 20)) + content[at:]
    )


def _insert(content, rng):
    at = _place(content, rng)
    return content[:at] + rng.randbytes(rng.choice((1, 4, 64))) + content[at:]


def _zeros(content, rng):
    return content + bytes(rng.choice((1, 100, 5000)))


def _place(content, rng):
    """Return a place, more often at the beginning: there the headers are."""
    if not content:
        return 0
    high = min(len(content), rng.choice((16, 128, 2048, len(content))))
    return rng.randrange(high)


_KINDS = (_flip, _flip, _set, _number, _number, _cut, _remove, _repeat, _insert, _zeros)


def _text(content, rng):
    """Replace a word or number of a text, or what a JSON object holds."""
    try:
        return json.dumps(_object(json.loads(content), rng)).encode()
    except ValueError:
        words = list(re.finditer(rb"[\w.+-]+", content[:20000]))
        if not words:
            return content
        word = rng.choice(words)
        return content[: word.start()] + rng.choice(WORDS) + content[word.end() :]


def _object(value, rng, depth=0):
    """Replace something in plain values."""
    odd = (None, True, -1, 1e308, 2**70, "x" * 300, [], {}, [[[[]]]], "a[/b]", [value])
    if not isinstance(value, dict | list) or not value or rng.random() < 0.2:
        return rng.choice(odd)
    if isinstance(value, dict):
        key = rng.choice(list(value))
        kind = rng.random()
        if kind < 0.1:
            return {k: v for k, v in value.items() if k != key}
        if kind < 0.2:
            return {**value, "unknown[/b]": 1}
        return {**value, key: _object(value[key], rng, depth + 1)}
    at = rng.randrange(len(value))
    if rng.random() < 0.2:
        return value[:at] + value[at + 1 :]
    return [*value[:at], _object(value[at], rng, depth + 1), *value[at + 1 :]]


def _archive(content, rng):
    """Damage, drop, double or rename a member of a zip file, with right checksums."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = rng.randrange(len(members))
    name, data = members[at]
    kind = rng.random()
    if kind < 0.8:
        members[at] = name, mutate(data, rng)
    elif kind < 0.87:
        del members[at]
    elif kind < 0.94:
        members.append((rng.choice(("../x.npy", "h.npy", "new", "card.json")), data))
    else:
        members[at] = rng.choice(("new.npy", "x", "a/b")), data
    out = io.BytesIO()
    packed = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(out, "w", packed) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name may come twice
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, packed)
    return out.getvalue()
