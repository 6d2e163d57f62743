"""Every reader of the package, with sound files for it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import samples


@dataclass(frozen=True)
class Reader:
    """A function that reads a file of somebody else.

    Parameters
    ----------
    make
        Writes sound files into a folder, returns them.
    read
        Reads one; what it returns is compared where ``sealed``.
    sealed
        Whether a checksum seals the content: a damaged file is then refused, or its
        content is that of the sound one.
    heavy
        Whether it loads TensorFlow, or starts a process for each file.
    names
        Names in the package that it stands for.
    """

    make: Callable[[Path], list[Path]]
    read: Callable[[Path], Any]
    names: tuple[str, ...]
    sealed: bool = False
    heavy: bool = False


def read_channel_file(path):
    from commgen.datasets import ChannelFile, read_channels

    with ChannelFile.open(path) as file:
        file.verify()
    h, meta, labels = read_channels(path)
    parts = [h.tobytes(), meta.model_dump_json()]
    return digest(parts + [f"{k} {v.tolist()}" for k, v in sorted(labels.items())])


def read_recorded(path):
    from commgen.channels import RecordedChannel

    channel = RecordedChannel.from_file(path, seed=1)
    return digest([np.asarray(channel(4, 1, 30e3)[0]).tobytes()])


def digest(parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(part if isinstance(part, bytes) else str(part).encode())
    return total.hexdigest()


def read_plain(path):
    from commgen.datasets import kind_of_file, open_plain

    kind_of_file(path)
    array = "h" if path.name == "b.npz" else None
    source = open_plain(path, samples.meta(), array)
    h = source.read(np.arange(source.shape[0]))
    if h.shape != source.shape:
        raise AssertionError(f"read {h.shape} of {source.shape}")


def read_mat(path):
    from commgen.datasets import open_plain

    source = open_plain(path, samples.meta(), "h")
    source.read(np.arange(source.shape[0]))


def read_intel(path):
    from commgen.datasets import kind_of_file, open_intel5300

    kind_of_file(path)
    source = open_intel5300(path, drop_partial=True)
    h = source.read(np.arange(source.shape[0]))
    if not np.isfinite(h).all():
        raise AssertionError("channels are not finite")


def read_set(opener):
    def read(path):
        import commgen.datasets as sets

        source = getattr(sets, opener)(path.parent)
        source.read(np.arange(source.shape[0]))

    return read


def read_uwb_log(path):
    from commgen.datasets.repack import _read_uwb_log

    _read_uwb_log(path)


def read_card(path):
    from commgen.datasets import read_card

    read_card(path)


def read_config(path):
    from commgen.montecarlo.campaign import load_campaign
    from commgen.phy import LinkExperiment

    load_campaign(path, LinkExperiment)


def read_channel_config(path):
    from commgen.cli.datasets import _channel_config

    _channel_config(str(path))


def read_run(path):
    from commgen.montecarlo.campaign import load_run, resume

    run = load_run(path.parent)
    found = resume(path.parent, samples.coin(), progress=False)
    return digest([str(run.rows()), str(found.rows)])


def read_model_card(path):
    from commgen.generative import read_card

    read_card(path.parent)


def read_constellation(path):
    from commgen.frame import Constellation

    Constellation.load(path)


def read_feedback_codec(path):
    from commgen.phy.feedback import SteeredMixture, TrellisCodec, TrellisTables

    kinds = {"mixture.npz": SteeredMixture, "tables.npz": TrellisTables}
    kinds[path.name].load(path)
    model = SteeredMixture.load(path.parent / "mixture.npz")
    tables = TrellisTables.load(path.parent / "tables.npz")
    h = np.ones((3, model.event_shape[0]), np.complex64)
    codec = TrellisCodec(model, tables, 0.1)
    found = codec.decode(codec.encode(h)).mean
    if not np.isfinite(found).all():
        raise AssertionError("channels are not finite")


def read_designed_waveform(path):
    from commgen.waveform import DesignedWaveform

    DesignedWaveform.load(path)


def read_link_pairs(path):
    from commgen.channels.pairs import read_pairs

    read_pairs(path)


def read_slot_mixture(path):
    from commgen.frame import load_grid_mixture

    load_grid_mixture(path)


def read_exported(path):
    from commgen.exported import ExportedModel

    ExportedModel(path)


def read_observed(path):
    from commgen.cli import _observed

    arrays = _observed.read_observed(path)
    no = _observed.read_noise(arrays)
    y, A = _observed.observed(arrays, (8,))
    _observed.read_quantizer(arrays)
    _observed.check_power(y, no, A)


def read_picture(path):
    from commgen._files.picture import picture_made

    picture_made(path)


def read_claim(path):
    from commgen._files.claims import claim_folder

    claim_folder(path.parent, {"seed": 1, "size": [1, 2]}, "study")


def read_stage(path):
    from commgen.studies.stages import Stages

    Stages(path.parent).result("step", {"seed": 1}, lambda: {"rows": [1, 2]})


def read_raw_iq(path):
    from commgen.sdr.recordings.iq import read_iq

    x = read_iq(path, path.stem)
    if not np.isfinite(x).all():
        raise AssertionError("samples are not finite")


def read_sigmf(path):
    from commgen.sdr.radios.file import FileRadio

    with FileRadio(path) as radio:
        while (part := radio.receive(200)) is not None:
            if not np.isfinite(part.values).all():
                raise AssertionError("samples are not finite")


def read_mode_s(path):
    from commgen.sdr.recordings.adsb.receiver import messages
    from commgen.sdr.recordings.adsb.report import message_rows
    from commgen.sdr.recordings.iq import open_iq

    message_rows(messages(open_iq(path, "uint8")))


def read_packets(path):
    from commgen.sdr.recordings.iq import open_iq
    from commgen.sdr.recordings.wifi.receiver import packets
    from commgen.sdr.recordings.wifi.report import packet_rows

    packet_rows(packets(open_iq(path, "float32")), {})


def read_model(path):
    from commgen.generative import load_model

    load_model(path.parent)


def read_recalibration(path):
    from commgen.inference.uncertainty import Recalibration

    Recalibration.load(path)


def read_detector(path):
    from commgen.generative.load import load_prior
    from commgen.inference.uncertainty import NoveltyDetector

    NoveltyDetector(load_prior(path.parent / "gmm")).load(path)


def read_federation(path):
    from commgen.federated.config import load_federation

    load_federation(path)


def read_federated_run(path):
    from commgen.federated.server.checkpoint import load_state
    from commgen.federated.server.status import run_status

    run_status(path.parent)
    state = load_state(path.parent / "state.npz")
    return digest(
        [state.numbers, state.nodes, *(a.tobytes() for a in state.arrays.values())]
    )


READERS = {
    "channel-file": Reader(
        samples.channels,
        read_channel_file,
        ("ChannelFile", "read_channels", "load_events"),
        sealed=True,
    ),
    "recorded": Reader(
        samples.channels,
        read_recorded,
        ("RecordedChannel",),
        sealed=True,
        heavy=True,
    ),
    "array": Reader(
        samples.arrays, read_plain, ("open_plain", "kind_of_file", "read_npz")
    ),
    "matlab": Reader(samples.mat, read_mat, ("read_mat",), heavy=True),
    "intel5300": Reader(
        samples.intel, read_intel, ("read_intel5300", "open_intel5300")
    ),
    "polyu": Reader(
        samples.polyu,
        read_set("open_polyu"),
        ("open_polyu",),
    ),
    "uwb": Reader(samples.uwb, read_set("open_uwb"), ("open_uwb",)),
    "uwb-log": Reader(samples.uwb_log, read_uwb_log, ("repack",)),
    "data-card": Reader(samples.cards, read_card, ("read_card", "open_set")),
    "simulation": Reader(
        samples.configs, read_config, ("load_config", "load_campaign")
    ),
    "channel-config": Reader(
        samples.channel_config, read_channel_config, ("read_yaml",)
    ),
    "run": Reader(
        samples.run,
        read_run,
        ("load_run", "load_runs", "load_saved", "resume", "load_state", "plot_folder"),
        sealed=True,
    ),
    "federation": Reader(
        samples.federation, read_federation, ("load_federation", "read_yaml")
    ),
    "federated-run": Reader(
        samples.federated_run,
        read_federated_run,
        ("load_state", "run_status"),
        sealed=True,
    ),
    "model-card": Reader(samples.model_card, read_model_card, ("read_card",)),
    "slot-mixture": Reader(
        samples.slot_mixture, read_slot_mixture, ("load_grid_mixture",)
    ),
    "constellation": Reader(
        samples.constellation, read_constellation, ("Constellation",)
    ),
    "designed-waveform": Reader(
        samples.designed_waveform, read_designed_waveform, ("DesignedWaveform",)
    ),
    "feedback-codec": Reader(
        samples.feedback_codec,
        read_feedback_codec,
        ("SteeredMixture", "TrellisTables"),
        heavy=True,
    ),
    "link-pairs": Reader(samples.link_pairs, read_link_pairs, ("read_pairs",)),
    "exported": Reader(samples.exported, read_exported, ("ExportedModel",)),
    "observed": Reader(samples.observed, read_observed, ("read_observed",)),
    "picture": Reader(samples.picture, read_picture, ("picture_made",)),
    "claim": Reader(samples.claim, read_claim, ("claim_folder", "read_json")),
    "stage": Reader(samples.stage, read_stage, ("Stages",)),
    "raw-iq": Reader(samples.raw_iq, read_raw_iq, ("open_iq", "read_iq")),
    "sigmf": Reader(
        samples.sigmf, read_sigmf, ("FileRadio", "Radio", "open_recording")
    ),
    "packets": Reader(samples.wifi, read_packets, ("packets",)),
    "mode-s": Reader(samples.mode_s, read_mode_s, ("messages",)),
    "model": Reader(
        samples.models, read_model, ("load_model", "load_prior"), heavy=True
    ),
    "recalibration": Reader(
        samples.recalibration, read_recalibration, ("Recalibration",), heavy=True
    ),
    "detector": Reader(
        samples.detector, read_detector, ("NoveltyDetector",), heavy=True
    ),
}
