"""An authority, a server certificate and node keys, made once and never replaced."""

import datetime
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files.outputs import check_output_folder
from commgen.federated.deploy.certificate_files import (
    CertificateFiles,
    check_certificate,
    read_certificate,
)
from commgen.federated.deploy.key_material import (
    authority_certificate,
    new_key,
    openssh,
    openssh_public,
    pem,
    server_certificate,
    write_new,
)

#: The processes of one machine speak with each other by these.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Made:
    """What :func:`make_certificates` has done.

    Parameters
    ----------
    files
        Those that are new.
    kept
        Those that were there.
    valid_until
        When the server's certificate expires.
    """

    files: tuple[Path, ...]
    kept: tuple[Path, ...]
    valid_until: datetime.datetime


def make_certificates(
    folder: str | Path, nodes: Sequence[str], hosts: Sequence[str], *, days: int = 365
) -> Made:
    """Make what is missing of the certificates and keys of a deployment.

    The authority and the server have keys on P-384, as the nodes; certificates are
    X.509, version 3 (RFC 5280), node keys OpenSSH's, as Flower reads them. Private keys
    are readable by their owner alone. Nothing that is there is replaced, so that nodes
    can be added later.

    Parameters
    ----------
    folder
        Where to.
    nodes
        Names of nodes.
    hosts
        Names and addresses by which nodes reach the server; the loopback ones are
        added.
    days
        How long certificates are valid.

    Raises
    ------
    ValueError
        If a name is unusable or comes twice, or the server's certificate is there for
        other hosts, or has expired.
    OSError
        If the folder cannot be written to.
    """
    check_output_folder(folder)
    files = CertificateFiles(Path(folder))
    if not nodes or len(set(nodes)) < len(nodes):
        raise ValueError(f"nodes must be names, each once, got {', '.join(nodes)}.")
    if not 1 <= days <= 3650:
        raise ValueError(f"days must be from 1 to 3650, got {days}.")
    hosts = tuple(dict.fromkeys([*LOOPBACK, *map(check_host, hosts)]))
    keys = [(files.node_key(name), files.node_public_key(name)) for name in nodes]
    (files.folder / "nodes").mkdir(parents=True, exist_ok=True)
    made, kept = _server(files, hosts, days)
    for private, public in keys:
        if private.exists() or public.exists():
            kept += [private, public]
        else:
            _write_node_key(private, public)
            made += [private, public]
    return Made(tuple(made), tuple(kept), check_certificate(files.server))


def check_host(host: str) -> str:
    """Return a host name or address; ValueError for what is neither."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if _HOST.fullmatch(host):
            return host
    raise ValueError(f"hosts must be names or IP addresses, got {host!r}.")


def hosts_of(path: Path) -> tuple[str, ...]:
    """Return the names and addresses that a server certificate is for."""
    from cryptography import x509

    extensions = read_certificate(path).extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns = names.get_values_for_type(x509.DNSName)
    return (*dns, *map(str, names.get_values_for_type(x509.IPAddress)))


def _server(
    files: CertificateFiles, hosts: Sequence[str], days: int
) -> tuple[list[Path], list[Path]]:
    """Make the authority and the server's certificate, unless they are there."""
    authority, server = [files.ca, files.ca_key], [files.server, files.server_key]
    if all(path.exists() for path in server) and files.ca.exists():
        missing = [host for host in hosts if host not in hosts_of(files.server)]
        if missing:
            raise ValueError(
                f"{files.server} is not for {', '.join(missing)}; remove it and "
                f"{files.server_key.name} to have new ones, nodes keep their keys."
            )
        return [], authority + server
    fresh = not any(path.exists() for path in authority)
    if fresh:
        _write_authority(files, days)
    elif not all(path.exists() for path in authority):
        raise ValueError(f"{files.folder} must hold both ca.pem and ca.key, or none.")
    _write_server(files, hosts, days)
    return (authority if fresh else []) + server, [] if fresh else authority


def _write_authority(files: CertificateFiles, days: int) -> None:
    key = new_key()
    write_new(files.ca_key, pem(key), 0o600)
    write_new(files.ca, authority_certificate(key, days), 0o644)


def _write_server(files: CertificateFiles, hosts: Sequence[str], days: int) -> None:
    from cryptography.hazmat.primitives import serialization

    check_certificate(files.ca)
    signer: Any = serialization.load_pem_private_key(files.ca_key.read_bytes(), None)
    key = new_key()
    certificate = server_certificate(
        key.public_key(), hosts, read_certificate(files.ca), signer, days
    )
    write_new(files.server_key, pem(key), 0o600)
    write_new(files.server, certificate, 0o644)


def _write_node_key(private: Path, public: Path) -> None:
    key = new_key()
    write_new(private, openssh(key), 0o600)
    write_new(public, openssh_public(key), 0o644)
