"""Ports in use, and servers that are not what they should be."""

import socket

import pytest

from commgen.federated.deploy.addresses import (
    check_free,
    check_superlink,
    free_port,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("localhost:9092", ("localhost", 9092)),
        ("192.0.2.1:1", ("192.0.2.1", 1)),
        ("[2001:db8::1]:65535", ("2001:db8::1", 65535)),
    ],
)
def test_addresses(text, found):
    assert parse_address(text) == found


@pytest.mark.parametrize("text", ["localhost", ":9092", "localhost:", "a:b", "a:-1"])
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="superlink must be HOST:PORT, got"):
        parse_address(text)


def test_ports_have_numbers():
    with pytest.raises(ValueError, match=r"superlink must have a port .* got 65536"):
        parse_address("localhost:65536")


def test_a_port_in_use():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} of 127.0.0.1 cannot be used"):
            check_free("127.0.0.1", port)
    check_free("127.0.0.1", free_port())


def test_nobody_there(tmp_path):
    from commgen.federated.deploy.certificates import make_certificates

    pytest.importorskip("cryptography")
    make_certificates(tmp_path, ["a"], [])
    with pytest.raises(ConnectionError, match=r"no SuperLink answers at 127.0.0.1:"):
        check_superlink(f"127.0.0.1:{free_port()}", tmp_path / "ca.pem")
