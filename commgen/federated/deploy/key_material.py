"""Keys on P-384 and X.509 certificates: made, signed, written where nothing was."""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from commgen._files.temporary import temporary_file

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

_AUTHORITY = "commgen federation"
_UNUSED = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def new_key() -> "EllipticCurvePrivateKey":
    """Draw a private key on P-384 from the system's generator."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP384R1())


def pem(key: "EllipticCurvePrivateKey") -> bytes:
    """Return a private key in PEM (PKCS #8)."""
    from cryptography.hazmat.primitives import serialization as form

    return key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )


def openssh(key: "EllipticCurvePrivateKey") -> bytes:
    """Return a private key in OpenSSH's format."""
    from cryptography.hazmat.primitives import serialization as form

    return key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption()
    )


def openssh_public(key: "EllipticCurvePrivateKey") -> bytes:
    """Return the public key in OpenSSH's format, one line."""
    from cryptography.hazmat.primitives import serialization as form

    public = key.public_key()
    return public.public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH) + b"\n"


def authority_certificate(key: "EllipticCurvePrivateKey", days: int) -> bytes:
    """Return, in PEM, the certificate of an authority that signs itself."""
    from cryptography import x509

    name = _name(_AUTHORITY)
    builder = (
        _begun(name, name, key.public_key(), _in(days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    )
    return _signed(builder, key)


def server_certificate(
    key: "EllipticCurvePublicKey",
    hosts: Sequence[str],
    authority: "x509.Certificate",
    signer: "EllipticCurvePrivateKey",
    days: int,
) -> bytes:
    """Return, in PEM, a server's certificate; it never outlives its authority's."""
    from cryptography import x509

    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    purpose = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    end = min(_in(days), authority.not_valid_after_utc)
    builder = (
        _begun(_name("SuperLink"), authority.subject, key, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(purpose, critical=False)
        .add_extension(names, critical=False)
    )
    return _signed(builder, signer)


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that was not there, whole or not at all; FileExistsError if it was.

    It has its mode before its content.
    """
    with temporary_file(path, mode) as temporary:
        temporary.write_bytes(content)
        os.link(temporary, path)


def _begun(
    subject: "x509.Name",
    issuer: "x509.Name",
    key: "EllipticCurvePublicKey",
    end: datetime.datetime,
) -> "x509.CertificateBuilder":
    from cryptography import x509

    # Clocks differ: a node that is a little behind shall not refuse a new certificate.
    begin = _in(0) - datetime.timedelta(hours=1)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(identifier, critical=False)
    )


def _signed(
    builder: "x509.CertificateBuilder", signer: "EllipticCurvePrivateKey"
) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(issuer, critical=False)
    return builder.sign(signer, hashes.SHA384()).public_bytes(Encoding.PEM)


def _in(days: int) -> datetime.datetime:
    now = datetime.datetime.now(datetime.UTC)
    return now + datetime.timedelta(days=days)


def _name(text: str) -> "x509.Name":
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, text)])


def _usage(*used: str) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(**{**_UNUSED, **dict.fromkeys(used, True)})


def _general_name(host: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
