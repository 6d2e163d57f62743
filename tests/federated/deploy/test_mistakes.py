"""What is wrong is told before anything of Flower is started."""

import datetime
import os
import socket

import pytest
import yaml

pytest.importorskip("flwr")

from commgen.federated.deploy import certificate_files, key_material
from commgen.federated.deploy.addresses import free_port
from commgen.federated.deploy.certificates import make_certificates
from commgen.federated.deploy.join import _reason, join
from commgen.federated.deploy.processes import Processes
from commgen.federated.deploy.run import run_deployed
from commgen.federated.deploy.serve import serve

CHANNEL = {"scenario": "rayleigh", "num_rx_ant": 4}
NODES = {name: {"channel": CHANNEL, "seed": i} for i, name in enumerate("ab")}


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch):
    def start(*arguments, **options):
        raise AssertionError(f"{arguments} was started")

    monkeypatch.setattr(Processes, "start", start)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "federation.yaml"
    path.write_text(yaml.safe_dump({"nodes": NODES}))
    make_certificates(tmp_path / "keys", list(NODES), [])
    return path


def serve_it(config, host="127.0.0.1", port=None):
    keys, folder = config.parent / "keys", config.parent / "server"
    port = port or free_port()
    serve(config, keys, folder, host=host, port=port, report=print)


def join_it(config, name="a", superlink=None):
    keys, folder = config.parent / "keys", config.parent / name
    superlink = superlink or f"127.0.0.1:{free_port()}"
    join(config, name, keys, superlink, folder, report=print)


def test_a_port_in_use(config):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} of 127.0.0.1 cannot be used"):
            serve_it(config, port=port)
    assert not (config.parent / "server").exists()


def test_a_host_that_the_certificate_is_not_for(config):
    with pytest.raises(ValueError, match=r"host must be one that .* got 192.0.2.1"):
        serve_it(config, host="192.0.2.1")


def test_a_node_without_a_key(config):
    (config.parent / "keys" / "nodes" / "b.pub").unlink()
    with pytest.raises(FileNotFoundError, match=r"b.pub"):
        serve_it(config)


def test_an_expired_certificate(config, monkeypatch):
    keys = certificate_files.CertificateFiles(config.parent / "keys")
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2)
    monkeypatch.setattr(
        key_material, "_in", lambda days: past + datetime.timedelta(days=days)
    )
    key = key_material.new_key()
    keys.ca.write_bytes(key_material.authority_certificate(key, days=1))
    with pytest.raises(ValueError, match=r"ca.pem expired on .* UTC"):
        serve_it(config)
    with pytest.raises(ValueError, match=r"ca.pem expired on .* UTC"):
        join_it(config)


def test_a_node_that_is_not_there(config):
    with pytest.raises(ValueError, match="node must be one of a, b, got c"):
        join_it(config, "c")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_key_that_cannot_be_read(config):
    (config.parent / "keys" / "nodes" / "a.key").chmod(0)
    with pytest.raises(PermissionError, match=r"a.key"):
        join_it(config)


def test_a_key_that_is_none(config):
    (config.parent / "keys" / "nodes" / "a.key").write_text("nothing")
    with pytest.raises(ValueError, match=r"a.key must be a private key in OpenSSH"):
        join_it(config)


def test_a_superlink_that_is_not_there(config):
    with pytest.raises(ConnectionError, match=r"no SuperLink answers at 127.0.0.1:"):
        join_it(config)
    with pytest.raises(ConnectionError, match=r"no SuperLink answers at 127.0.0.1:"):
        run_deployed(
            config,
            config.parent / "run",
            superlink=f"127.0.0.1:{free_port()}",
            certificates=config.parent / "keys",
            watch=print,
        )


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (
            "ERROR :  Exit Code: 305\n[code: 2004] Failed to activate SuperNode.",
            "the SuperLink at x:1 does not know the key of a, or a node with it is "
            "connected already.",
        ),
        ("INFO : up\nERROR :     no disk\n", "the SuperNode of a has ended: no disk."),
        ("INFO : up\n", "the SuperNode of a has ended."),
    ],
)
def test_why_a_supernode_ended(log, told):
    assert _reason(log, "a", "x:1") == told
