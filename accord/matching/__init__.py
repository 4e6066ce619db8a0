"""Matching: which records are about the same real-world customer or product.

A library: it knows neither the store nor Dagster. `match_all` judges a set of records, `score_new`
new ones against candidates found by `block_keys`; `normalise` is about canonical values.
"""

from accord.matching.clustering import cluster
from accord.matching.engine import block_keys, block_keys_all, match_all, score_new
from accord.matching.model import Evidence, Matches, Model, Pair

__all__ = [
    "Evidence",
    "Matches",
    "Model",
    "Pair",
    "block_keys",
    "block_keys_all",
    "cluster",
    "match_all",
    "score_new",
]
