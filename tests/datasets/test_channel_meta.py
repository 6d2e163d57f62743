import pytest
from pydantic import ValidationError

from commgen.datasets import ChannelMeta


def test_survives_json():
    meta = ChannelMeta(domain="delay", sample_rate_hz=1e9, carrier_hz=3.5e9, source="x")
    assert ChannelMeta.model_validate_json(meta.model_dump_json()) == meta


def test_is_frozen():
    meta = ChannelMeta(domain="delay", sample_rate_hz=1e9)
    with pytest.raises(ValidationError, match="frozen"):
        meta.source = "y"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"domain": "frequency"}, "subcarrier_spacing_hz must be given"),
        ({"domain": "delay"}, "sample_rate_hz must be given"),
        (
            {"domain": "delay", "sample_rate_hz": 1.0, "subcarrier_spacing_hz": 2.0},
            "subcarrier_spacing_hz must be left out.*got 2.0",
        ),
        ({"domain": "delay", "sample_rate_hz": 0.0}, "greater than 0"),
        ({"domain": "delay", "sample_rate_hz": float("inf")}, "finite"),
        ({"domain": "doppler", "sample_rate_hz": 1.0}, "'frequency' or 'delay'"),
        ({"domain": "delay", "sample_rate_hz": 1.0, "carrier": 1.0}, "carrier\n"),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(ValueError, match=message):
        ChannelMeta(**fields)
