"""Validated configurations of federations: one file decides all numbers of a run."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from commgen._files.yaml_file import read_yaml, validate
from commgen._settings import Count, Float, Int, PositiveFloat, Settings
from commgen.federated.node_config import NodeConfig, SplitConfig, meet
from commgen.federated.sending_config import PrivacyConfig, UplinkConfig
from commgen.generative.names import NETWORKS, Family
from commgen.montecarlo.paths import resolve_paths

Share = Annotated[Float, Field(ge=0, lt=1)]
NodeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _+-]{0,39}$")]

#: Strategies of ``flwr.serverapp.strategy`` whose aggregate is a mean, or what stands
#: in for one where some nodes lie; and those that take the mean as a gradient.
MEANS = ("FedAvg", "FedProx")
ROBUST = ("FedMedian", "FedTrimmedAvg", "Krum", "MultiKrum", "Bulyan")
OPTIMIZERS = ("FedAvgM", "FedAdam", "FedYogi", "FedAdagrad")
#: Those that correct a Gaussian mixture of the same channels.
ON_MIXTURE = ("diffusion", "rectified-flow")
#: Those whose steps compare channels with drawn ones.
WITH_CRITIC = ("wgan", "vae-gan")


class ModelConfig(Settings):
    """Which family is trained, and its size."""

    family: Family = "vae"
    num_components: Count = Field(
        default=16, description="Of the mixture, also where a network corrects one."
    )
    covariance: Literal["full", "toeplitz", "circulant", "low-rank"] = "full"
    rank: Count | None = Field(default=None, description="Of low-rank covariances.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="Of the family's constructor, such as width, depth, num_latents; "
        "network has those of a denoiser.",
    )

    @property
    def is_network(self) -> bool:
        """Whether there is anything to train by gradients."""
        return self.family in NETWORKS

    @property
    def has_mixture(self) -> bool:
        """Whether a mixture is fitted, which is all or what a network corrects."""
        return not self.is_network or self.family in ON_MIXTURE


class RoundsConfig(Settings):
    """How networks learn: one schedule of rounds x epochs_per_round epochs."""

    rounds: Count = 10
    epochs_per_round: Count = 1
    batch_size: Count = 16
    learning_rate: PositiveFloat = 2e-3
    warmup_fraction: Share = 0.05
    weight_decay: Annotated[Float, Field(ge=0)] = 1e-3
    beta_1: Share = 0.9
    symmetries: tuple[Literal["phase", "reversal", "shift"], ...] = ("phase",)

    @property
    def num_epochs(self) -> int:
        """Epochs of all rounds together."""
        return self.rounds * self.epochs_per_round


class EmConfig(Settings):
    """Expectation-maximisation, a round a step."""

    max_iterations: Count = 20
    tolerance: Annotated[Float, Field(ge=0)] = Field(
        default=0.02, description="Least rise of the mean log-likelihood [nats]."
    )
    strength: Annotated[Float, Field(ge=0)] | None = Field(
        default=None, description="As of GaussianMixture.fit."
    )
    choose_strength: bool = Field(
        default=False, description="Choose it by errors on validation channels."
    )
    starts: Count = Field(default=3, description="Clusterings that EM begins with.")
    cluster_steps: Count = Field(default=10, description="Steps of k-means before.")


class StrategyConfig(Settings):
    """Strategy of Flower, as it is."""

    name: Literal[
        "FedAvg",
        "FedProx",
        "FedMedian",
        "FedTrimmedAvg",
        "Krum",
        "MultiKrum",
        "Bulyan",
        "FedAvgM",
        "FedAdam",
        "FedYogi",
        "FedAdagrad",
    ] = "FedAvg"
    options: dict[str, Int | Float] = Field(
        default_factory=dict, description="Of its constructor, such as beta, eta."
    )


class PersonalConfig(Settings):
    """What stays at the nodes, and how they adapt what they are sent."""

    parts: tuple[str, ...] = Field(
        default=(), description="Weights whose path has one of these words in it."
    )
    adapt_epochs: Annotated[Int, Field(ge=0, le=1000)] = Field(
        default=3, description="Epochs at a node from the final model."
    )


class WarmStartConfig(Settings):
    """The server trains a network on draws of a mixture of all nodes, before rounds."""

    num_components: Count = Field(
        default=8, description="Of the mixture, which is fitted as em says."
    )
    num_draws: Annotated[Count, Field(le=10**6)] = Field(
        default=4000, description="Channels that the mixture draws."
    )
    epochs: Annotated[Count, Field(le=1000)] = 30
    batch_size: Count = 128
    learning_rate: PositiveFloat = 2e-3


class OneShotConfig(Settings):
    """Each node sends one model, once; the server learns from what they draw."""

    family: Literal["gmm", "coupling"] = "gmm"
    num_components: Count = 16
    covariance: Literal["full", "toeplitz", "circulant"] = Field(
        default="full", description="Of a mixture."
    )
    num_epochs: Count = Field(default=50, description="Of a coupling flow.")
    num_draws: Count = Field(default=2000, description="Channels of each model.")
    ask_nodes: bool = Field(
        default=False, description="Ask for the draws, where no model may travel."
    )


class FederationConfig(Settings):
    """A federation: nodes with channels of their own, and what they learn together."""

    seed: Annotated[Int, Field(ge=0)] = 0
    nodes: dict[NodeName, NodeConfig] = Field(min_length=1)
    split: SplitConfig | None = Field(
        default=None, description="Of the files of nodes that have none of their own."
    )
    condition: tuple[str, ...] = Field(
        default=(), description="Labels (numbers) that the model is conditioned on."
    )
    power: Literal["pooled", "each"] = Field(
        default="pooled",
        description="Divide all channels by the power of all, or each node its own.",
    )
    model: ModelConfig = ModelConfig()
    training: RoundsConfig = RoundsConfig()
    em: EmConfig = EmConfig()
    strategy: StrategyConfig = StrategyConfig()
    correction: Literal["none", "prox", "moments", "scaffold"] = "none"
    proximal_mu: Annotated[Float, Field(ge=0)] = Field(
        default=0.01, description="Of the correction prox."
    )
    stretch: PositiveFloat = Field(
        default=1.0, description="Factor of the update that a node sends."
    )
    personal: PersonalConfig = PersonalConfig()
    local_only: bool = Field(
        default=False,
        description="Train at each node alone too, as long, and compare in the end.",
    )
    uplink: UplinkConfig | None = None
    privacy: PrivacyConfig | None = None
    warm_start: WarmStartConfig | None = None
    one_shot: OneShotConfig | None = None
    nodes_per_round: Count | None = Field(
        default=None, description="Drawn anew each round of training; else all."
    )
    min_nodes: Count = Field(
        default=1, description="Answers that a step needs at least."
    )
    timeout_s: PositiveFloat = Field(
        default=600.0, description="After which an answer is late."
    )

    @field_validator("nodes", mode="before")
    @classmethod
    def _check_nodes(cls, value: Any) -> Any:
        if isinstance(value, dict) and not value:
            raise ValueError("nodes must not be empty.")
        return value

    @model_validator(mode="after")
    def _check(self):
        self._check_counts()
        self._check_privacy()
        self._check_one_shot()
        self._check_warm_start()
        self._check_splits()
        names = list(self.nodes)
        for i, one in enumerate(names):
            for other in names[i + 1 :]:
                if overlap(self.nodes[one], self.nodes[other]):
                    raise ValueError(
                        f"nodes must own different channels, got {one} and {other}, "
                        "which may hold the same ones."
                    )
        if self.correction in ("moments", "scaffold") and (
            self.strategy.name in OPTIMIZERS
        ):
            raise ValueError(
                f"correction must be none or prox with {self.strategy.name}, which "
                f"takes what it is sent for weights, got {self.correction}."
            )
        if self.local_only and self.privacy is not None:
            raise ValueError("local_only must be off with privacy, got both.")
        if self.correction != "none" and not self.model.is_network:
            raise ValueError(
                f"correction must be none for {self.model.family}, which has no "
                f"gradients, got {self.correction}."
            )
        return self

    def _check_privacy(self):
        if self.privacy is None:
            return
        family = self.model.family
        if family in WITH_CRITIC or not self.model.is_network:
            raise ValueError(
                f"privacy must be null for {family}, whose steps are no sums of "
                "gradients of channels."
            )
        if self.condition:
            raise ValueError(
                "privacy must be null with conditions, of whose sums one channel has "
                f"no bound, got {list(self.condition)}."
            )

    def _check_one_shot(self):
        if self.one_shot is None:
            return
        for name in ("uplink", "privacy"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"{name} must be null with one_shot, where no training is sent."
                )

    def _check_warm_start(self):
        if self.warm_start is None:
            return
        if not self.model.is_network or self.model.has_mixture:
            raise ValueError(
                "warm_start must be null unless the model is a network that does not "
                f"stand on a mixture already, got {self.model.family}."
            )
        taken = {"one_shot": self.one_shot, "privacy": self.privacy}
        taken["condition"] = self.condition or None
        for name, value in taken.items():
            if value is not None:
                raise ValueError(
                    f"{name} must be left out with warm_start, whose mixture knows "
                    "neither conditions nor noise of privacy."
                )

    def _check_counts(self):
        taking_part = len(self.present)
        if not taking_part:
            raise ValueError("nodes must have one that is not absent, got none.")
        for name in ("min_nodes", "nodes_per_round"):
            value = getattr(self, name)
            if value is not None and value > taking_part:
                raise ValueError(
                    f"{name} must be at most {taking_part}, the nodes that take part, "
                    f"got {value}."
                )
        if self.nodes_per_round is not None and self.min_nodes > self.nodes_per_round:
            raise ValueError(
                f"min_nodes must be at most nodes_per_round, {self.nodes_per_round}, "
                f"got {self.min_nodes}."
            )

    def _check_splits(self):
        for name, node in self.nodes.items():
            if node.file is not None and node.split is None and self.split is None:
                raise ValueError(
                    f"split must be given, since the node {name} has a file: of its "
                    "own or of the federation."
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all nodes; the place of one is its partition."""
        return tuple(self.nodes)

    @property
    def present(self) -> tuple[int, ...]:
        """Places of the nodes that take part."""
        return tuple(i for i, n in enumerate(self.nodes.values()) if not n.absent)

    def node(self, index: int) -> NodeConfig:
        """Return the configuration of a node by its place."""
        return self.nodes[self.names[index]]


def overlap(one: NodeConfig, other: NodeConfig) -> bool:
    """Whether two nodes may own the same channels.

    Nodes of one file do not if some label, chosen by both, has other values in each.
    """
    if one.file is None or other.file is None:
        same = one.channel == other.channel and one.seed == other.seed
        return same and one.file == other.file and one.seed is not None
    if one.file != other.file:
        return False
    common = one.rows.keys() & other.rows.keys()
    return all(meet(one.rows[label], other.rows[label]) for label in common)


def parse_federation(data: Any) -> FederationConfig:
    """Validate plain values, such as YAML gives them.

    Raises
    ------
    ValueError
        One line for each fault, ``key.path: rule, got value``.
    """
    return validate(FederationConfig, data)


def load_federation(
    path: str | Path, *, here: Collection[str] | None = None
) -> FederationConfig:
    """Read and validate a configuration; paths in it are relative to its folder.

    Parameters
    ----------
    path
        The file.
    here
        Names of the nodes whose files must be on this machine; all where None.

    Raises
    ------
    OSError
        If the file cannot be read, or a node's file is not there.
    ValueError
        If it is not YAML, a key is given twice, or a value is refused.
    """
    data = resolve_paths(read_yaml(path), Path(path).resolve().parent, path_keys)
    config = parse_federation(data)
    for name, node in config.nodes.items():
        if node.file is None or (here is not None and name not in here):
            continue
        if not Path(node.file).exists():
            raise FileNotFoundError(f"nodes.{name}.file: {node.file} is not there.")
    return config


def plain_values(config: FederationConfig) -> dict[str, Any]:
    """Return plain values, of which :func:`parse_federation` makes it again."""
    values = config.model_dump(mode="json", exclude_unset=True)
    for name, node in config.nodes.items():
        if node.channel is not None:
            values["nodes"][name]["channel"]["scenario"] = node.channel.scenario
    return values


def path_keys(data: Any) -> list[str]:
    """Return the dotted keys of plain values that name files."""
    nodes = data.get("nodes") if isinstance(data, dict) else None
    if not isinstance(nodes, dict):
        return []
    return [
        f"nodes.{name}.file"
        for name, node in nodes.items()
        if isinstance(name, str) and isinstance(node, dict) and "file" in node
    ]
