"""What private steps cost in accuracy, and whether they keep members unknown."""

import argparse
from pathlib import Path

import numpy as np
from federation import SEED, cells_of, compared, errors, rounds, small_vae
from rich.console import Console
from rich.table import Table

from commgen.federated.nodes.rounds import LocalRounds, RoundSettings
from commgen.federated.privacy.attack import channel_losses, membership_attack
from commgen.federated.privacy.privacy import Privacy
from commgen.federated.sending_config import PrivacyConfig
from commgen.generative.training import TrainingConfig
from commgen.studies.federated.loop import node_training


def attacked(model, cells, seed=SEED):
    """Attack a model with its training channels against its test channels."""
    n = len(cells[0].test)
    members = np.concatenate([cell.train[:n] for cell in cells])
    others = np.concatenate([cell.test for cell in cells])
    losses = [channel_losses(model, part, seed=seed) for part in (members, others)]
    return membership_attack(*losses, seed=seed)


def told(attack):
    return f"{attack.advantage:.3f} ({attack.null:.3f}, p {attack.p_value:.3f})"


def memorised(cells, num_channels=50):
    """Attack a model that learned 50 channels by heart; its null beside it."""
    members, others = cells[0].train[:num_channels], cells[0].test
    model = small_vae(cells)
    training = TrainingConfig(
        num_epochs=6, batch_size=num_channels, learning_rate=3e-3, weight_decay=0
    )
    often = np.tile(members, (100, 1))
    model.fit(often, seed=SEED, validation=members, training=training, symmetries=())
    parts = (members, others)
    losses = [channel_losses(model, part, seed=SEED) for part in parts]
    return membership_attack(*losses, seed=SEED)


def trained(cells, config, rate, args):
    """Return a model after all rounds, its errors, and what was spent."""
    model, epochs = small_vae(cells), args.epochs
    if config is not None:
        Privacy.prepare(model, config)
    training = TrainingConfig(
        num_epochs=epochs,
        batch_size=args.batch_size,
        learning_rate=rate,
        weight_decay=0,
    )
    trainings = [
        node_training(model, cell, i, training, seed=SEED)
        for i, cell in enumerate(cells)
    ]
    keepers = []
    if config is not None:
        for i, part in enumerate(trainings):
            sizes = part.num_examples, args.batch_size, epochs * part.num_steps
            keepers.append(Privacy(config, *sizes, seed=SEED + i))
        sums = [
            keeper.sums(model, cell.train)
            for keeper, cell in zip(keepers, cells, strict=True)
        ]
        model.adapt_sums({k: sum(s[k] for s in sums) for k in sums[0]})
    nodes = [LocalRounds(part, RoundSettings(1, "moments")) for part in trainings]
    start = trainings[0].state()

    def before(i, number):
        if keepers:
            keepers[i].begin(model, number)

    best = rounds(nodes, start, epochs, before=before)
    found = errors(model, trainings[0], {**start, **best}, cells, args.part)
    trainings[0].load({**start, **best})
    return model, found, keepers[0].report if keepers else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=Path, default=Path("runs/private-cells"))
    parser.add_argument("--num-cells", type=int, default=8)
    parser.add_argument("--num-train", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--rates", type=float, nargs="+", default=[4e-3])
    parser.add_argument("--epsilon", type=float, default=8.0)
    parser.add_argument("--part", default="test", choices=("validation", "test"))
    parser.add_argument("--no-memorised", action="store_true")
    args = parser.parse_args()
    cells = cells_of(args.cells, args.num_cells, args.num_train)
    rows = []
    if not args.no_memorised:
        print("memorised 50 channels:", told(memorised(cells)), flush=True)
    config, first = PrivacyConfig(epsilon=args.epsilon), None
    for rate in args.rates:
        for name, how in (("none", None), ("DP-SGD", config)):
            model, found, report = trained(cells, how, rate, args)
            first = found if how is None else first
            rows.append(
                {
                    "privacy": name,
                    "rate": rate,
                    "epsilon": f"{report.get('epsilon', np.inf):.2f}",
                    "noise": f"{report.get('noise', 0):.2f}",
                    **compared(found, first),
                    "attack (null)": told(attacked(model, cells)),
                }
            )
            print(rows[-1], flush=True)
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
