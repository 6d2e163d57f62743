"""Certificates against OpenSSL and OpenSSH's formats, which did not make them."""

import datetime
import os
import socket
import ssl
import stat
import threading

import pytest

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from commgen.federated.deploy import certificate_files, key_material
from commgen.federated.deploy.certificate_files import (
    CertificateFiles,
    check_certificate,
    check_private_key,
)
from commgen.federated.deploy.certificates import hosts_of, make_certificates

NODES = ("paris", "lyon")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates") / "keys"
    return folder, make_certificates(folder, NODES, ["192.0.2.7", "link.example"])


def shake_hands(files, name):
    """Return what a client, which knows the authority alone, says of the server."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.server, files.server_key)
    client = ssl.create_default_context(cafile=files.ca)
    # As from Python 3.13 on: RFC 5280 to the letter.
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def answer():
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as wrapped:
            return wrapped.version()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        ours.close()
        thread.join(timeout=10)


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "::1", "192.0.2.7", "link.example"]
)
def test_a_client_that_knows_the_authority_trusts_the_server(made, name):
    assert shake_hands(CertificateFiles(made[0]), name) == "TLSv1.3"


@pytest.mark.parametrize("name", ["192.0.2.8", "other.example"])
def test_and_not_under_another_name(made, name):
    assert "mismatch" in shake_hands(CertificateFiles(made[0]), name)


def test_private_keys_are_their_owners_alone(made):
    files = CertificateFiles(made[0])
    for path in (files.ca_key, files.server_key, *map(files.node_key, NODES)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    check_private_key(files.node_key("paris"))
    public = files.node_public_key("paris").read_text()
    assert public.startswith("ecdsa-sha2-nistp384 ")


def test_the_end_is_told(made):
    left = made[1].valid_until - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=364) < left < datetime.timedelta(days=365)


def test_what_is_there_stays(made):
    folder, first = made
    before = {path: path.read_bytes() for path in first.files}
    second = make_certificates(folder, ["paris", "berlin"], ["192.0.2.7"])
    files = CertificateFiles(folder)
    assert second.files == (files.node_key("berlin"), files.node_public_key("berlin"))
    assert {path: path.read_bytes() for path in first.files} == before
    with pytest.raises(ValueError, match=r"server.pem is not for 192.0.2.9; remove"):
        make_certificates(folder, ["paris"], ["192.0.2.9"])


def test_a_new_server_certificate_under_the_old_authority(made, tmp_path):
    files = CertificateFiles(tmp_path / "keys")
    make_certificates(files.folder, ["a"], [])
    authority = files.ca.read_bytes()
    files.server.unlink()
    files.server_key.unlink()
    make_certificates(files.folder, ["a"], ["192.0.2.9"])
    assert files.ca.read_bytes() == authority
    assert hosts_of(files.server)[-1] == "192.0.2.9"
    assert shake_hands(files, "192.0.2.9") == "TLSv1.3"


def test_an_expired_certificate_is_refused(tmp_path, monkeypatch):
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=40)
    monkeypatch.setattr(
        key_material, "_in", lambda days: past + datetime.timedelta(days=days)
    )
    files = CertificateFiles(tmp_path)
    with pytest.raises(ValueError, match=r"ca.pem expired on .* UTC; remove it with"):
        make_certificates(tmp_path, ["a"], [], days=30)
    key = key_material.new_key()
    files.server.write_bytes(
        key_material.server_certificate(
            key.public_key(),
            ["localhost"],
            certificate_files.read_certificate(files.ca),
            load_pem_private_key(files.ca_key.read_bytes(), None),
            days=30,
        )
    )
    files.server_key.write_bytes(key_material.pem(key))
    with pytest.raises(ValueError, match=r"server.pem expired on"):
        check_certificate(files.server)
    assert "expired" in shake_hands(files, "localhost")


def test_one_that_is_not_valid_yet_is_refused(made, monkeypatch):
    class Early(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) - datetime.timedelta(days=2)

    monkeypatch.setattr(certificate_files.datetime, "datetime", Early)
    with pytest.raises(ValueError, match=r"server.pem is valid from .* UTC on"):
        check_certificate(CertificateFiles(made[0]).server)


@pytest.mark.parametrize(
    ("nodes", "hosts", "days", "told"),
    [
        ([], [], 1, "nodes must be names, each once"),
        (["a", "a"], [], 1, "nodes must be names, each once, got a, a"),
        (["../a"], [], 1, "the name of a node must be 1 to 40 letters"),
        (["a"], ["a b"], 1, "hosts must be names or IP addresses, got 'a b'"),
        (["a"], [], 0, "days must be from 1 to 3650, got 0"),
    ],
)
def test_bad_arguments(tmp_path, nodes, hosts, days, told):
    with pytest.raises(ValueError, match=told):
        make_certificates(tmp_path, nodes, hosts, days=days)
    assert not any(tmp_path.iterdir())


def test_half_an_authority_is_refused(tmp_path):
    make_certificates(tmp_path, ["a"], [])
    for name in ("ca.key", "server.pem", "server.key"):
        (tmp_path / name).unlink()
    with pytest.raises(ValueError, match=r"must hold both ca.pem and ca.key, or none"):
        make_certificates(tmp_path, ["a"], [])


def test_bad_keys_are_refused(made, tmp_path):
    files = CertificateFiles(made[0])
    with pytest.raises(ValueError, match=r"must be a private key in OpenSSH's format"):
        check_private_key(files.ca_key)
    with pytest.raises(FileNotFoundError):
        check_private_key(tmp_path / "none.key")
    path = tmp_path / "open.key"
    path.write_bytes(files.node_key("paris").read_bytes())
    os.chmod(path, 0o644)
    with pytest.raises(ValueError, match=r"must be its owner's alone: chmod 600"):
        check_private_key(path)
    with pytest.raises(ValueError, match="is no certificate in PEM"):
        check_certificate(files.ca_key)
