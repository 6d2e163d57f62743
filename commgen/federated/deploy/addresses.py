"""Hosts and ports: what is free, and whether a SuperLink is there."""

import socket
import ssl
from pathlib import Path

_PATIENCE_S = 10.0


def parse_address(address: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``, with [] around an IPv6 address.

    Raises
    ------
    ValueError
        If it is nothing of the kind.
    """
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit():
        raise ValueError(f"superlink must be HOST:PORT, got {address!r}.")
    return host, check_port("superlink", int(port))


def check_port(name: str, port: int) -> int:
    """Return a port; ValueError if there is none of that number."""
    if not 1 <= port <= 65535:
        raise ValueError(f"{name} must have a port from 1 to 65535, got {port}.")
    return port


def check_free(host: str, port: int) -> None:
    """Raise OSError if this machine cannot listen there.

    Raises
    ------
    OSError
        If another process does, or ``host`` is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise OSError(
                f"port {port} of {host} cannot be used: {error.strerror}."
            ) from error


def free_port() -> int:
    """Return a port of the loopback address that is free at the moment."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def check_superlink(address: str, ca: Path) -> None:
    """Check that a server is there whose certificate the authority has signed.

    Raises
    ------
    ValueError
        If the address is none, or the certificate is another's, or has expired.
    ConnectionError
        If nobody answers.
    """
    host, port = parse_address(address)
    context = ssl.create_default_context(cafile=ca)
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE_S) as raw:
            context.wrap_socket(raw, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        raise ValueError(
            f"the certificate of {address} is refused: {error.verify_message}."
        ) from error
    except OSError as error:
        told = error.strerror or str(error)
        raise ConnectionError(f"no SuperLink answers at {address}: {told}.") from error
