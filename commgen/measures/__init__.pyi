from .crossing import (
    Crossing as Crossing,
    DrawnCrossing as DrawnCrossing,
    Inverse as Inverse,
    error_rate_crossing as error_rate_crossing,
    gap_interval as gap_interval,
    invert as invert,
    snr_at as snr_at,
    throughput_crossing as throughput_crossing,
)
from .decibel import (
    from_db as from_db,
    noise_variance as noise_variance,
    to_db as to_db,
)
from .error import nmse as nmse, nmse_interval as nmse_interval
from .intervals import (
    Coverage as Coverage,
    RatioSums as RatioSums,
    mean_interval as mean_interval,
    paired_interval_db as paired_interval_db,
    share_interval as share_interval,
    wilson_interval as wilson_interval,
)
