"""Judge generated channels against held-out truth, by measures that can fail.

Nothing here loads TensorFlow but the downstream tasks, and the loading of a model.
"""

from commgen.evaluation._sets import AXES, as_features, check_layout, check_set
from commgen.evaluation.distances import (
    ManifoldScores,
    frechet_distance,
    manifold_scores,
    mmd,
    sliced_wasserstein,
)
from commgen.evaluation.downstream import (
    Exchange,
    ExchangeRow,
    train_on_generated_test_on_real,
)
from commgen.evaluation.figure import save_report_figure
from commgen.evaluation.files import save_evaluation
from commgen.evaluation.gaussian import GaussianReference
from commgen.evaluation.link import LinkComparison, LinkGap, link_bler
from commgen.evaluation.load import Channels, load_candidate, read_set
from commgen.evaluation.memorisation import (
    Memorisation,
    memorisation,
    nearest_distance,
)
from commgen.evaluation.report import FLOOR, GAUSSIAN, Report, evaluate_channels
from commgen.evaluation.run import Evaluation, run_evaluation
from commgen.evaluation.scores import score_set
from commgen.evaluation.statistics import (
    autocorrelation,
    channel_statistics,
    invariant_features,
    ks,
)
from commgen.evaluation.two_sample import (
    Accuracy,
    classifier_accuracy,
    nearest_neighbour_accuracy,
)
from commgen.evaluation.verdict import verdict
from commgen.measures.crossing import Crossing, gap_interval, snr_at

__all__ = [
    "AXES",
    "FLOOR",
    "GAUSSIAN",
    "Accuracy",
    "Channels",
    "Crossing",
    "Evaluation",
    "Exchange",
    "ExchangeRow",
    "GaussianReference",
    "LinkComparison",
    "LinkGap",
    "ManifoldScores",
    "Memorisation",
    "Report",
    "as_features",
    "autocorrelation",
    "channel_statistics",
    "check_layout",
    "check_set",
    "classifier_accuracy",
    "evaluate_channels",
    "frechet_distance",
    "gap_interval",
    "invariant_features",
    "ks",
    "link_bler",
    "load_candidate",
    "manifold_scores",
    "memorisation",
    "mmd",
    "nearest_distance",
    "nearest_neighbour_accuracy",
    "read_set",
    "run_evaluation",
    "save_evaluation",
    "save_report_figure",
    "score_set",
    "sliced_wasserstein",
    "snr_at",
    "train_on_generated_test_on_real",
    "verdict",
]
