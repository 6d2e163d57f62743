from . import (
    channels as channels,
    coding as coding,
    datasets as datasets,
    evaluation as evaluation,
    exported as exported,
    frame as frame,
    generative as generative,
    inference as inference,
    measures as measures,
    phy as phy,
    studies as studies,
    waveform as waveform,
)

__version__: str
