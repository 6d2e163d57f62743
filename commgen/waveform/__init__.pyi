from .active_extension import ActiveExtension as ActiveExtension
from .amplifier import Amplifier as Amplifier, Limiter as Limiter, Rapp as Rapp
from .base import Waveform as Waveform
from .chain import Chain as Chain
from .clipping import ClippedWaveform as ClippedWaveform
from .clusters import Clusters as Clusters
from .converter import Dac as Dac
from .degradation import (
    Degradation as Degradation,
    total_degradation as total_degradation,
)
from .designed import DesignedWaveform as DesignedWaveform
from .dft_spread import (
    DftSpreadOfdm as DftSpreadOfdm,
    root_raised_cosine as root_raised_cosine,
)
from .impairment import Impairment as Impairment
from .mask import Mask as Mask
from .measures import (
    aclr_db as aclr_db,
    ccdf as ccdf,
    output_back_off_db as output_back_off_db,
    papr_db as papr_db,
    power_spectrum as power_spectrum,
)
from .ofdm import CpOfdm as CpOfdm
from .oscillator import CarrierOffset as CarrierOffset
from .phase_noise import PhaseJitter as PhaseJitter, PhaseNoise as PhaseNoise
from .predistortion import Predistortion as Predistortion
from .selected_mapping import SelectedMapping as SelectedMapping
from .tone_network import ToneNetwork as ToneNetwork
from .tone_reservation import ToneReservation as ToneReservation
from .tones import ToneWaveform as ToneWaveform
