"""The example's data learned by LightGBM, as a server for searches: see tuning.py.

Arguments: a directory with training/data.csv, validation/data.csv and held-out/data.csv; the example's hyperparameters.json; and "every"
or "best".

LightGBM's parameters match those of the example's algorithm; those whose ranges are searched have the same names and ranges. With "every",
the model has every tree, as that of the example's algorithm has: its rule for stopping early needs 20 scorings, which within the
ranges are those of the whole training. With "best", it ends with the tree that makes the validation AUC the highest, as LightGBM's own
early stopping leaves it: one more thing that is chosen by the validation data.
"""

import json
import sys
from pathlib import Path

import lightgbm
import numpy

CATEGORICAL = ["gender", "class", "embarked"]
NUMERIC = ["age", "fare", "sibsp", "parch"]
TARGET = "survived"


def read(directory, channel):
    header, *rows = (line.split(",") for line in (directory / channel / "data.csv").read_text().splitlines())
    return {name: [row[at] for row in rows] for at, name in enumerate(header)}


def auc(truth, scores):
    """The probability that a survivor has the higher score, a tie counting half."""
    order = numpy.argsort(scores, kind="stable")
    values, inverse, counts = numpy.unique(scores[order], return_inverse=True, return_counts=True)
    ends = numpy.cumsum(counts)
    ranks = numpy.empty(len(scores))
    ranks[order] = (ends - (counts - 1) / 2)[inverse]
    positive = truth.sum()
    return (ranks[truth == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(truth) - positive))


def main():
    directory = Path(sys.argv[1])
    document = json.loads(Path(sys.argv[2]).read_text())
    keep = sys.argv[3]
    if keep not in ("every", "best"):
        raise SystemExit(f"{keep} is neither every nor best")
    fixed = document["staticHyperParameters"]
    ranges = [
        {
            "type": kind,
            "name": it["Name"],
            "min": it["MinValue"],
            "max": it["MaxValue"],
            "logarithmic": it["ScalingType"] == "Logarithmic",
        }
        for kind, name in (("integer", "IntegerParameterRanges"), ("continuous", "ContinuousParameterRanges"))
        for it in document["parameterRanges"][name]
    ]
    print(json.dumps({"objective": "example", "maximize": True, "ranges": ranges}), flush=True)

    channels = {name: read(directory, name) for name in ("training", "validation", "held-out")}
    codes = {name: {text: at for at, text in enumerate(sorted(set(channels["training"][name])))} for name in CATEGORICAL}

    def design(channel):
        # LightGBM takes a negative code for a missing one.
        columns = [[codes[name].get(text, -1) for text in channel[name]] for name in CATEGORICAL]
        columns += [[float(text) if text else float("nan") for text in channel[name]] for name in NUMERIC]
        return numpy.array(columns, dtype=float).T

    designs = {name: design(channel) for name, channel in channels.items()}
    truths = {name: numpy.array([int(text) for text in channel[TARGET]]) for name, channel in channels.items()}

    for line in sys.stdin:
        values = json.loads(line)
        depth = int(values["max_depth"])
        parameters = {
            "objective": "binary",
            "metric": "auc",
            "max_depth": depth,
            "num_leaves": 2**depth,
            "min_data_in_leaf": int(values["min_rows"]),
            "learning_rate": float(values["learn_rate"]),
            "bagging_fraction": float(values["sample_rate"]),
            "bagging_freq": 1,
            "feature_fraction": float(values["col_sample_rate"]),
            "is_unbalance": fixed["balance_classes"] == "True",
            "seed": int(fixed["seed"]),
            "deterministic": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        categorical = list(range(len(CATEGORICAL)))
        training = lightgbm.Dataset(designs["training"], truths["training"], categorical_feature=categorical, params=parameters)
        # As many trees without improvement as the example's algorithm takes between so many scorings.
        patience = int(fixed["stopping_rounds"]) * int(values["score_tree_interval"])
        model = lightgbm.train(
            parameters,
            training,
            num_boost_round=int(values["ntrees"]),
            valid_sets=[training.create_valid(designs["validation"], truths["validation"])],
            callbacks=[lightgbm.early_stopping(patience, verbose=False)] if keep == "best" else [],
        )
        scores = {name: model.predict(designs[name], num_threads=1) for name in ("validation", "held-out")}
        print(*(float(auc(truths[name], scores[name])) for name in scores), flush=True)


if __name__ == "__main__":
    main()
