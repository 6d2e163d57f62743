"""Waveforms for an amplifier: what they cost, and what they gain in coded blocks."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import commgen.montecarlo as mc
from commgen.design.waveform.classical import ClippedSettings, classical
from commgen.design.waveform.goal import WaveformGoal
from commgen.design.waveform.report import best_classical, rows, save_waveform_figure
from commgen.frame.constellation import Constellation
from commgen.frame.information import snr_db_for
from commgen.studies.seeds import part_seed
from commgen.studies.signal.amplified import AmplifiedBlocks, AmplifiedConfig
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

#: Bits of a symbol, bits for each tone, and roll-offs that are tried.
GOALS = ((2, 1.0, (0.1, 0.23, 0.3)), (4, 2.0, (0.0,)), (6, 4.5, (0.0,)))
#: Techniques that are not put together: what "the best classical" was meant to be.
SINGLE = (
    "CP-OFDM",
    "CP-OFDM, clipped and filtered",
    "CP-OFDM, reserved tones",
    "CP-OFDM, active extension",
    "CP-OFDM, selected mapping",
    "DFT-s-OFDM",
    "DFT-s-OFDM, shaped",
)
_GAIN_DB = 0.3
# From where blocks fail by theory: what a code of finite length takes more [dB].
_BEFORE_DB, _AFTER_DB, _STEP_DB = 0.0, 1.6, 0.2


@dataclass(frozen=True)
class WaveformSize:
    """How much the study of waveforms learns and sends.

    Parameters
    ----------
    goals
        How many of :data:`GOALS`, from the first.
    num_tones
        In use.
    num_steps
        Of learning, for each roll-off.
    search_blocks, num_blocks
        OFDM symbols by which classical ones are chosen, and by which all are measured.
    coded
        How many of the goals are sent in coded blocks too, from the first.
    max_num_blocks, target_block_errors
        Of each point of coded blocks.
    coarse
        Whether few numbers of classical waveforms are tried.
    """

    goals: int = 3
    num_tones: int = 256
    num_steps: int = 600
    search_blocks: int = 8
    num_blocks: int = 100
    coded: int = 2
    max_num_blocks: int = 600
    target_block_errors: int = 100
    coarse: bool = False


#: All steps in seconds; the figures mean little.
QUICK = WaveformSize(1, 64, 3, 4, 6, 1, 16, 4, coarse=True)


def waveform_study(
    output: Path, size: WaveformSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn waveforms, search classical ones, and count coded blocks of both.

    Parameters
    ----------
    output
        Folder of the waveforms found with their pictures, and of the runs ``coded-i``.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes what was asked for beside what was measured.

    Returns
    -------
    dict
        Total degradation of each goal; gains of coded blocks over the best classical
        waveform of shaping, clipping and filtering, and over the best of one of these.
    """
    stages, costs, gains = Stages(output / "stages"), [], []
    told = {"seed": seed, **asdict(size)}
    for name in ("goals", "coded", "max_num_blocks", "target_block_errors"):
        del told[name]  # of these no waveform knows
    for i in range(size.goals):
        found = stages.result(
            f"waveform-{i}", [told, GOALS[i]], lambda i=i: _costs(output, i, size, seed)
        )
        costs += found["rows"]
        _ask(asked, found["rows"], GOALS[i])
        for name in ("any", "single") if i < size.coded else ():
            gains += _gains(output, i, size, seed, found, name)
    return {"Total degradation": costs, "Gain of coded blocks by waveform": gains}


def waveform_file(output: Path, i: int) -> Path:
    """Where the waveform of goal number ``i`` lies."""
    bits, rate, _ = GOALS[i]
    return output / f"{2**bits}-points-{rate:g}-bit.npz"


def _goal(i, size) -> WaveformGoal:
    bits, rate, roll_offs = GOALS[i]
    numbers = {"num_bits_per_symbol": bits, "rate": rate, "roll_offs": roll_offs}
    return WaveformGoal(num_tones=size.num_tones, learn_points=bits > 2, **numbers)


def _costs(output, i, size, seed) -> dict[str, Any]:
    """Learn, search and measure; seeds of the three have nothing in common."""
    from commgen.design.waveform.search import design_waveform
    from commgen.design.waveform.training import TrainingSize

    goal, own = _goal(i, size), (f"signal/{name}" for name in _PARTS)
    learning, choice, test = (part_seed(seed, name, i) for name in own)
    told = {"size": TrainingSize(num_steps=size.num_steps), "progress": True}
    best = design_waveform(goal, seed=learning, **told)[0].waveform
    best.save(waveform_file(output, i))
    told = {"num_blocks": size.search_blocks, "coarse": size.coarse}
    others = classical(goal, seed=choice, **told, progress=True)
    table = rows(best, others, goal, seed=test, num_blocks=size.num_blocks)
    picture = waveform_file(output, i).with_suffix(".png")
    save_waveform_figure(picture, best, others, table, goal)
    head = {"points": 2**goal.num_bits_per_symbol, "rate": goal.rate}
    return {
        "rows": [{**head, **row} for row in table],
        "classical": {
            one.family: one.settings.model_dump(mode="json")
            for one in others
            if isinstance(one.settings, ClippedSettings)
        },
    }


_PARTS = ("learning", "choice", "degradation")


def _ask(asked, table, goal) -> None:
    """Set the gain beside what was asked, for single techniques and for all."""
    bits, rate, _ = goal
    single = [row for row in table[1:] if row["waveform"] in SINGLE]
    kinds = {"single technique": single, "of all classical waveforms": table[1:]}
    for name, others in kinds.items():
        best = best_classical([table[0], *others])
        gain = best["total_db"] - table[0]["total_db"]
        asked(
            f"total degradation under the best {name}, "
            f"{2**bits} points at {rate:g} bit",
            f">= {_GAIN_DB:g} dB",
            f"{gain:.2f} dB ({table[0]['total_db']:.2f} under {best['total_db']:.2f}: "
            f"{best['waveform']})",
            gain >= _GAIN_DB,
        )


def _gains(output, i, size, seed, found, name) -> Rows:
    """Send coded blocks, and read gains off their error rates."""
    designed, *others = found["rows"]
    known = [row for row in others if row["waveform"] in found["classical"]]
    if name == "single":
        known = [row for row in known if row["waveform"] in SINGLE]
    best = best_classical([designed, *known])
    bits, rate, _ = GOALS[i]
    predicted = best["total_db"] - designed["total_db"]
    further = int(np.ceil(max(predicted, 0.0) / _STEP_DB))
    near = designed["total_db"] + snr_db_for(Constellation.qam(bits), rate, order=20)
    config = AmplifiedConfig(
        seed=part_seed(seed, "signal/amplified", i),
        designed=waveform_file(output, i),
        classical=ClippedSettings(**found["classical"][best["waveform"]]),
        classical_back_off_db=best["back_off_db"],
        rate=rate,
        smoothness=WaveformGoal().smoothness,
        sweep=mc.SweepConfig(
            snr_start_db=round(near + _BEFORE_DB, 2),
            snr_stop_db=round(near + _AFTER_DB + _STEP_DB * further, 2),
            snr_step_db=_STEP_DB,
            batch_size=8,
            max_num_blocks=size.max_num_blocks,
            target_block_errors=size.target_block_errors,
        ),
    )
    run = mc.run_experiment(AmplifiedBlocks(config), output / f"coded-{i}-{name}")
    head = {"points": 2**bits, "rate": rate, "over": best["waveform"]}
    return [
        {
            **head,
            "bler": reading["target"],
            **{key: reading[key] for key in reading if key.startswith("gain")},
            "predicted_db": predicted,
        }
        for reading in run.readings
        if reading["waveform"] == "designed"
    ]
