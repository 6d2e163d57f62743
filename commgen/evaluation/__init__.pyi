from ._sets import as_features as as_features, check_set as check_set
from .distances import (
    ManifoldScores as ManifoldScores,
    frechet_distance as frechet_distance,
    manifold_scores as manifold_scores,
    mmd as mmd,
    sliced_wasserstein as sliced_wasserstein,
)
from .downstream import (
    Exchange as Exchange,
    ExchangeRow as ExchangeRow,
    train_on_generated_test_on_real as train_on_generated_test_on_real,
)
from .figure import save_report_figure as save_report_figure
from .files import save_evaluation as save_evaluation
from .gaussian import GaussianReference as GaussianReference
from .link import (
    LinkComparison as LinkComparison,
    LinkGap as LinkGap,
    link_bler as link_bler,
)
from .load import (
    Channels as Channels,
    load_candidate as load_candidate,
    read_set as read_set,
)
from .memorisation import (
    Memorisation as Memorisation,
    memorisation as memorisation,
    nearest_distance as nearest_distance,
)
from .report import (
    FLOOR as FLOOR,
    GAUSSIAN as GAUSSIAN,
    Report as Report,
    evaluate_channels as evaluate_channels,
)
from .run import Evaluation as Evaluation, run_evaluation as run_evaluation
from .scores import score_set as score_set
from .statistics import (
    autocorrelation as autocorrelation,
    channel_statistics as channel_statistics,
    invariant_features as invariant_features,
    ks as ks,
)
from .two_sample import (
    Accuracy as Accuracy,
    classifier_accuracy as classifier_accuracy,
    nearest_neighbour_accuracy as nearest_neighbour_accuracy,
)
from .verdict import verdict as verdict
