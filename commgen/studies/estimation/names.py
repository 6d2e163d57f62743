"""The sets of the benchmark of estimators, without loading anything."""

#: Sets in the order in which they are done; those measured need recordings.
SETS = ("umi64", "umi64-large", "spatial", "tdl-grid", "angle", "pusch", "shifts")
MEASURED = ("polyu", "uwb")
