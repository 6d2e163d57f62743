"""Where certificates and keys lie, and what must hold before they are used."""

import datetime
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commgen._files.inputs import read_input

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,39}")


@dataclass(frozen=True)
class CertificateFiles:
    """The files of a deployment in a folder.

    The server needs all but ``ca_key`` and the private keys of the nodes; a node needs
    ``ca`` and its own private key, and nothing else.

    Parameters
    ----------
    folder
        Where they lie.
    """

    folder: Path

    @property
    def ca(self) -> Path:
        """Certificate of the authority, by which a node knows the server."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """Private key of the authority: needed to make server certificates alone."""
        return self.folder / "ca.key"

    @property
    def server(self) -> Path:
        """Certificate of the server."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        """Private key of the server."""
        return self.folder / "server.key"

    def node_key(self, name: str) -> Path:
        """Return where the private key of a node lies."""
        return self.folder / "nodes" / f"{check_node_name(name)}.key"

    def node_public_key(self, name: str) -> Path:
        """Return where the public key of a node lies, which the server registers."""
        return self.folder / "nodes" / f"{check_node_name(name)}.pub"


def check_node_name(name: str) -> str:
    """Return a name that a file can have; ValueError for others."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            "the name of a node must be 1 to 40 letters, digits, spaces or ._+- and "
            f"begin with a letter or digit, got {name!r}."
        )
    return name


def check_certificate(path: Path) -> datetime.datetime:
    """Return until when a certificate is valid.

    Raises
    ------
    ValueError
        If it is none, not valid yet, or no longer.
    OSError
        If it cannot be read.
    """
    certificate = read_certificate(path)
    now = datetime.datetime.now(datetime.UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        raise ValueError(f"{path} is valid from {begin:%Y-%m-%d %H:%M} UTC on.")
    if now > end:
        raise ValueError(
            f"{path} expired on {end:%Y-%m-%d %H:%M} UTC; remove it with its key, and "
            "make new ones with commgen federated certificates."
        )
    return end


def read_certificate(path: Path) -> "Certificate":
    """Read a certificate in PEM; ValueError if it is none."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(read_input(path))
    except ValueError as error:
        raise ValueError(f"{path} is no certificate in PEM ({error}).") from error


def check_private_key(path: Path) -> None:
    """Check that a node's key can be read, is one, and is nobody else's to read.

    Raises
    ------
    ValueError
        If it is no private key on P-384 in OpenSSH's format, or others may read it.
    OSError
        If it cannot be read.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    content = read_input(path)
    if stat.S_IMODE(os.stat(path).st_mode) & 0o077:
        raise ValueError(f"{path} must be its owner's alone: chmod 600 {path}.")
    try:
        key = serialization.load_ssh_private_key(content, password=None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(
            f"{path} must be a private key in OpenSSH's format ({error})."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.key_size != 384:
        raise ValueError(f"{path} must be an elliptic-curve key on P-384.")
