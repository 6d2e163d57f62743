"""A recorded channel in a plain Sionna link: only the channel line is ours."""

import numpy as np
from sionna.phy.channel import OFDMChannel
from sionna.phy.mapping import BinarySource, Demapper, Mapper
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import (
    LMMSEEqualizer,
    LSChannelEstimator,
    ResourceGrid,
    ResourceGridMapper,
)
from sionna.phy.utils import compute_ber, ebnodb2no

from commgen.channels import RecordedChannel

# Stands for a recording: 500 channels to 4 antennas, 48 subcarriers, 6 taps each.
rng = np.random.default_rng(0)
taps = rng.normal(size=(500, 4, 1, 1, 6, 2)) @ [1, 1j] / 12**0.5
h = np.fft.fftshift(np.fft.fft(taps, 48), -1)
channel = RecordedChannel(h, subcarrier_spacing_hz=15e3, seed=1)

rg = ResourceGrid(
    num_ofdm_symbols=14,
    fft_size=48,
    subcarrier_spacing=15e3,
    cyclic_prefix_length=6,
    pilot_pattern="kronecker",
    pilot_ofdm_symbol_indices=[2, 11],
)
bits = BinarySource()([64, 1, 1, rg.num_data_symbols * 2])
x = ResourceGridMapper(rg)(Mapper("qam", 2)(bits))
no = ebnodb2no(8.0, num_bits_per_symbol=2, coderate=1.0, resource_grid=rg)
y = OFDMChannel(channel, rg)(x, no)
h_hat, err_var = LSChannelEstimator(rg, interpolation_type="lin")(y, no)
equalizer = LMMSEEqualizer(rg, StreamManagement([[1]], num_streams_per_tx=1))
x_hat, no_eff = equalizer(y, h_hat, err_var, no)
llr = Demapper("app", "qam", 2)(x_hat, no_eff)
bits_hat = np.asarray(llr) > 0
print(f"BER {float(compute_ber(bits, bits_hat.astype(np.float32))):.5f}")
