"""``commgen datasets``, run as a user would."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, TypeAdapter
from typer.testing import CliRunner

from commgen.cli.datasets import app
from commgen.datasets import ChannelMeta, read_channels, write_channels

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=1.0)


@pytest.fixture
def run():
    """Run a command and return what it printed; its error is raised."""

    def invoke(*arguments):
        arguments = [str(argument) for argument in arguments]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return invoke


@pytest.fixture
def array(tmp_path, draw):
    path = tmp_path / "a.npz"
    np.savez(path, h=draw((3, 8)))
    return path


def test_lists_all_sets(run, monkeypatch):
    monkeypatch.delenv("COMMGEN_DATA", raising=False)
    output = run("list")
    for name in ("wifi_polyu_mimo", "uwb_apartment_cir", "lte_iq", "fivegophers"):
        assert name in output
    assert "yes" not in output


def test_shows_a_card(run):
    output = run("show", "wifi_polyu_mimo")
    for text in (
        "iVANET-PolyU",
        "MIT",
        "git clone",
        "e7b4066d",
        "[48960, 3 rx",
        "by day",
    ):
        assert text in output


def test_shows_a_file(run, tmp_path, draw):
    path = tmp_path / "c.h5"
    labels = {"day": [3, 5], "los": [True, False], "gain_db": [np.nan, 1.5]}
    labels["place"] = ["hall", "lab"]
    write_channels(path, draw((2, 1, 1, 1, 4)), META, labels)
    output = run("show", path)
    for text in (
        "[2, 1, 1, 1, 4]",
        "int, 3 to 5",
        "1 of 2 true",
        "1.5 to 1.5, 1 not known",
        "hall, lab",
        "verified",
    ):
        assert text in output


def test_show_refuses_unknown_names(run):
    with pytest.raises(FileNotFoundError, match="nothing is neither a file nor one of"):
        run("show", "nothing")


def test_imports_a_plain_array(run, array, tmp_path, draw):
    path = tmp_path / "c.h5"
    output = run("import", array, "-o", path, "--subcarrier-spacing-hz", 15e3)
    assert "3 channels [1, 1, 1, 8]" in output
    h, meta, _ = read_channels(path)
    np.testing.assert_array_equal(h[:, 0, 0, 0], draw((3, 8)))
    assert meta.subcarrier_spacing_hz == 15e3
    run("import", array, "-o", path, "--sample-rate-hz", 1, "--force")
    assert read_channels(path)[1].domain == "delay"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "needs --subcarrier-spacing-hz .* or --sample-rate-hz"),
        (["--sample-rate-hz", 1, "--subcarrier-spacing-hz", 1], "one of the two"),
        (["--sample-rate-hz", 0], "sample_rate_hz must be finite and above 0, got 0.0"),
        (
            ["--sample-rate-hz", "nan"],
            "sample_rate_hz must be finite and above 0, got n",
        ),
        (["--sample-rate-hz", 1e-300], "sample_rate_hz must be from 0.001 to .*1e-300"),
        (["--subcarrier-spacing-hz", "inf"], "spacing_hz must be finite .* got inf"),
        (["--subcarrier-spacing-hz", 1e200], "spacing_hz must be from 0.001 to 1e.12"),
        (
            ["--sample-rate-hz", 1, "--carrier-hz", -1],
            "carrier_hz must be finite and ab",
        ),
        (
            ["--sample-rate-hz", 1, "--time-step-s", 1e-99],
            "time_step_s must be from 1e",
        ),
        (["--sample-rate-hz", 1, "--strict"], "--strict is for Intel 5300 logs only"),
        (
            ["--sample-rate-hz", 1, "--num-rx", 2],
            "--num-rx is for Intel 5300 logs only",
        ),
        (["--sample-rate-hz", 1, "--axes", "tap"], "axes must name the 2 axes of arr"),
        (["--sample-rate-hz", 1, "--part", "train"], "part must be all for a file"),
        (["--sample-rate-hz", 1, "--array", "g"], "no array 'g'; it holds"),
    ],
)
def test_import_refuses_options(run, array, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        run("import", array, "-o", tmp_path / "c.h5", *options)
    assert not (tmp_path / "c.h5").exists()


def test_import_refuses_files(run, tmp_path):
    out = tmp_path / "c.h5"
    with pytest.raises(FileNotFoundError, match="neither a file nor one of"):
        run("import", "nothing", "-o", out)
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(ValueError, match=r"must be a \.npz, \.npy or \.mat file, or a"):
        run("import", tmp_path / "a.txt", "-o", out)
    with pytest.raises(
        ValueError, match=r"--array is for \.npz, \.npy and \.mat files"
    ):
        run("import", "wifi_polyu_mimo", "-o", out, "--array", "h")


def test_nothing_is_replaced_unasked(run, array, tmp_path):
    path = tmp_path / "c.h5"
    path.write_text("mine")
    for command in (
        ["import", array, "-o", path, "--sample-rate-hz", 1],
        ["make", "umi64", "-o", path, "-n", 1, "--seed", 1],
    ):
        with pytest.raises(FileExistsError, match=r"exists \(damaged, .*\); --force"):
            run(*command)
    assert path.read_text() == "mine"


def test_says_how_axes_were_read(run, tmp_path, draw):
    """Names may hold what a terminal's markup would swallow."""
    path, out = tmp_path / "a.npz", tmp_path / "c.h5"
    np.savez(path, **{"[red]": draw((8, 2, 3))})
    options = ["-o", out, "--subcarrier-spacing-hz", 1]
    output = run("import", path, *options, "--axes", "subcarrier, rx, sample")
    assert "array [red] [8, 2, 3] read as subcarrier, rx, sample" in output
    assert "3 channels [2, 1, 1, 8]" in output
    assert read_channels(out)[1].description.endswith("read as subcarrier, rx, sample.")
    assert "subcarrier; --axes would say otherwise" in run(
        "import", path, *options, "--force"
    )


def test_says_what_of_a_log_was_left_out(run, intel, tmp_path):
    log, out = tmp_path / "log", tmp_path / "c.h5"
    other = intel.record(intel.draw(1, 1), code=0xC1)
    packets = [intel.record(intel.draw(n, 1), perm=(0, 2, 1)) for n in (2, 2, 3)]
    log.write_bytes(b"".join([other, *packets]) + bytes(9))
    output = run("import", log, "-o", out)
    for text in (
        "2 channels [2, 1, 1, 30]",
        "left out 1 of 3 packets of other antennas",
        "1 record of other codes (0xc1); 9 zero bytes at the end",
        "receive antennas: A, C",
    ):
        assert text in output
    three = ["import", log, "-o", tmp_path / "d.h5", "--num-rx", 3]
    assert "1 channels [3, 1, 1, 30]" in run(*three)
    with pytest.raises(ValueError, match="must hold packets alone to be strict"):
        run("import", log, "-o", out, "--force", "--strict")


def test_imports_a_log(run, intel, tmp_path):
    log, out = tmp_path / "log.dat", tmp_path / "c.h5"
    log.write_bytes(intel.record(intel.draw(3, 2)) + b"\x01")
    with pytest.raises(ValueError, match="is truncated"):
        run("import", log, "-o", out)
    assert "1 channels [3, 2, 1, 30]" in run("import", log, "-o", out, "--drop-partial")


@pytest.mark.measured
def test_imports_a_part_of_a_set(run, data_root, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMGEN_DATA", str(data_root))
    out = tmp_path / "c.h5"
    run("import", "uwb_apartment_cir", "-o", out, "--part", "validation")
    assert set(read_channels(out)[2]["config"] % 4) == {1}


class _Tdl(BaseModel, extra="forbid"):
    scenario: Literal["tdl"]
    speed_mps: float = 0.0


class _Umi(BaseModel, extra="forbid"):
    scenario: Literal["umi"] = "umi"


@pytest.fixture
def channels(monkeypatch):
    """Stand in for commgen.channels, which needs TensorFlow; return what it drew."""
    drawn = []

    def iterate_channels(config, num_samples, *, seed):
        drawn.append((config, num_samples, seed))
        for num in (num_samples - 1, 1):
            h = np.full((num, 1, 1, 1, 2), 1j)
            labels = {"los": np.ones(num, bool)}
            yield SimpleNamespace(h=h, meta=META, labels=labels)

    union = Annotated[_Tdl | _Umi, Field(discriminator="scenario")]
    module = ModuleType("commgen.channels")
    module.__dict__.update(
        iterate_channels=iterate_channels,
        RECIPES={"umi64": _Umi()},
        parse_channel_config=TypeAdapter(union).validate_python,
    )
    monkeypatch.setitem(sys.modules, "commgen.channels", module)
    return drawn


def test_makes_recipes_scenarios_and_configurations(run, channels, tmp_path):
    yaml = tmp_path / "c.yaml"
    yaml.write_text("scenario: tdl\nspeed_mps: 3\n")
    for k, name in enumerate(["umi64", "tdl", yaml]):
        out = tmp_path / f"{k}.h5"
        assert "4 channels [1, 1, 1, 2]" in run(
            "make", name, "-o", out, "-n", 4, "--seed", k
        )
        assert read_channels(out)[2]["los"].all()
    configs = [_Umi(), _Tdl(scenario="tdl"), _Tdl(scenario="tdl", speed_mps=3)]
    assert channels == [(config, 4, k) for k, config in enumerate(configs)]


@pytest.mark.usefixtures("channels")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenario: tdl\nspeed: 3", r"tdl\.speed"),
        ("a: [", "is not valid YAML: while"),
        ("tdl", "must hold keys and values, got str"),
    ],
)
def test_make_refuses_configurations(run, tmp_path, text, message):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        run("make", tmp_path / "c.yaml", "-o", tmp_path / "c.h5", "-n", 1, "--seed", 1)
    with pytest.raises(ValueError, match="nowhere"):
        run("make", "nowhere", "-o", tmp_path / "c.h5", "-n", 1, "--seed", 1)


def test_repack(run, tmp_path):
    with pytest.raises(ValueError, match="holds no logs"):
        run("repack", "uwb_apartment_cir", tmp_path, "-o", tmp_path)
    (tmp_path / "uwb_cir.npz").write_text("mine")
    with pytest.raises(FileExistsError, match="exists"):
        run("repack", "uwb_apartment_cir", tmp_path, "-o", tmp_path)
