"""The NR uplink of TS 38.104 8.2.1: PUSCH, fading that goes on, HARQ, throughput."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.coding import TransportBlock
from commgen.measures.decibel import from_db
from commgen.phy.counts import Counts
from commgen.phy.nr.grid import build_pusch_grid
from commgen.phy.nr.harq import run_harq
from commgen.phy.nr.pusch import PuschReceiver, PuschTransmitter
from commgen.phy.nr.reception import Reception
from commgen.phy.nr.slots import HarqSlots
from commgen.phy.ofdm.antennas import check_antennas
from commgen.phy.ofdm.draws import check_seeded
from commgen.phy.receiver.estimator_receiver import EstimatorReceiver
from commgen.phy.receiver.kinds import as_receiver, gives_llr

_MAX_SNR_DB = 120.0  # single precision cannot tell more from no noise


class PuschLink:
    r"""HARQ processes over a fading channel, seen by several estimators at once.

    Everything random in batch ``b`` is a function of ``(seed, b)``: bits and noise
    through stateless generators, the channel through ``source.set_seed(seed, b)``. All
    SNRs and all estimators see the same bits, channels and noise, in retransmissions
    too. A retransmission comes ``round_trip_slots`` later in the same fading process.
    The channel is not normalised from slot to slot.

    SNR is S/N on a receive antenna as in TS 38.104 8.1: S the energy of all layers
    together in a resource element, N that of the noise. Layers and channels have unit
    power each, so that

    .. math:: N_0 = \mathrm{num\_layers} / \mathrm{SNR}

    and estimators see channels of unit power.

    Parameters
    ----------
    config : PuschConfig
        The PUSCH.
    source : ChannelSource
        Channel of :mod:`commgen.channels` with ``num_rx_ant`` receive and
        ``num_layers`` transmit antennas. With more than one transmission it must have
        ``start(batch_size)``, as :class:`~commgen.channels.TdlChannel` has.
    seed
        Seed of the link.
    jit_compile
        Compile the demapper with XLA.

    Raises
    ------
    TypeError
        If the source lacks ``set_seed`` or, where it is needed, ``start``.
    ValueError
        If the source does not have the antennas of ``config``; for sources that do not
        tell, at the first batch.
    """

    harq = True  # what is counted has transmissions and deliveries

    def __init__(
        self, config: Any, source: Any, *, seed: int, jit_compile: bool = True
    ):
        self.config = config
        self.resource_grid = build_pusch_grid(config)
        self._seed = check_int("seed", seed, low=0)
        self._source = source
        harq = config.harq
        self._versions = harq.rv_sequence[: harq.max_num_transmissions]
        self.transport_block = TransportBlock(
            config.transport_block_size,
            config.num_coded_bits,
            num_bits_per_symbol=config.num_bits_per_symbol,
            num_layers=config.num_layers,
            coderate=config.coderate,
            num_iterations=config.num_decoder_iterations,
            solve_erasures=False,  # a receiver as others have it, by messages alone
        )
        self._transmit = PuschTransmitter(config, self.resource_grid)
        self._receive = PuschReceiver(
            config, self.resource_grid, jit_compile=jit_compile
        )
        self._check_source()

    @property
    def num_blocks_per_slot(self) -> int:
        """Transport blocks of a HARQ process."""
        return 1

    @property
    def num_bits_per_slot(self) -> int:
        """Information bits of a transport block."""
        return self.config.transport_block_size

    def slots(self, batch: int, batch_size: int) -> HarqSlots:
        """Return batch number ``batch`` of ``batch_size`` HARQ processes."""
        return HarqSlots(
            self.config,
            self._source,
            self.transport_block,
            self._transmit,
            seed=self._seed,
            batch=batch,
            batch_size=batch_size,
        )

    def run_batch(
        self,
        batch: int,
        batch_size: int,
        snr_db: np.ndarray,
        estimators: dict[str, Any],
        pending: np.ndarray,
    ) -> Iterator[tuple[int, int, Counts]]:
        """Simulate one batch, as :meth:`commgen.phy.Link.run_batch`.

        Receivers that give LLRs are refused: the link combines LLRs itself. Estimators
        are called with ``batch_size`` HARQ processes, then with half, a quarter, ... of
        it as fewer are sent again.
        """
        slots = self.slots(batch, batch_size)
        receivers = list(estimators.values())
        for j in np.flatnonzero(pending.any(axis=0)):
            no = self.noise_variance(snr_db[j])
            for i in np.flatnonzero(pending[:, j]):
                yield int(i), int(j), self.run_processes(slots, receivers[i], no)

    def noise_variance(self, snr_db) -> float:
        """Noise variance at which S/N is ``snr_db``; over 120 dB counts as 120 dB."""
        return float(self.config.num_layers / from_db(min(snr_db, _MAX_SNR_DB)))

    def run_processes(self, slots: HarqSlots, estimator: Any, no: float) -> Counts:
        """Run all HARQ processes of a batch to their end with one estimator."""
        estimator = _estimator_receiver(estimator)
        reception = Reception(
            slots,
            estimator,
            no,
            receiver=self._receive,
            resource_grid=self.resource_grid,
        )
        result = run_harq(
            self.transport_block,
            slots.bits,
            self._versions,
            reception.receive,
            refine=reception.refine,
            iterations=estimator.iterations,
        )
        return Counts(
            result.bit_errors,
            result.block_errors,
            *reception.powers,
            transmissions=result.transmissions,
            delivered=result.delivered,
        )

    def _check_source(self):
        source, harq = self._source, self.config.harq
        check_seeded(source)
        if harq.max_num_transmissions > 1 and not hasattr(source, "start"):
            raise TypeError(
                "source must have start(batch_size), as tdl channels have, for fading "
                "that goes on to the next transmission, or harq.max_num_transmissions "
                f"be 1, got {type(source)}."
            )
        if hasattr(source, "num_rx_ant"):
            check_antennas(
                self.config, source.num_rx_ant, source.num_tx_ant, streams="num_layers"
            )


def _estimator_receiver(receiver) -> EstimatorReceiver:
    receiver = as_receiver(receiver)
    if gives_llr(receiver):
        raise ValueError(
            "estimators of a PUSCH must leave the LLRs to the link, which combines "
            f"them over transmissions, got {type(receiver)}."
        )
    return receiver
