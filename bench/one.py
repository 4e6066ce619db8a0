"""One measurement in a process of its own: `python -m bench.one CASE`, options as JSON on stdin."""

from __future__ import annotations

import importlib
import json
import sys

from bench.measuring import own_peak
from resources import heap

CASES = {
    "copy_limit": "bench.limits",
    "parse_limit": "bench.limits",
    "land_orders": "bench.landing",
    "land_orders_again": "bench.landing",
    "land_days": "bench.landing",
    "find_changed": "bench.landing",
    "prepare": "bench.modelling",
    "build": "bench.modelling",
    "judge": "bench.modelling",
    "deliver": "bench.delivery",
    "decode": "bench.copybook",
    "match_everything": "bench.matching",
    "match_new": "bench.matching",
    "read": "bench.copybook",
    "deliver_changes": "bench.undated",
    "deliver_nowhere": "bench.undated",
    "find_due": "bench.undated",
    "change_customers": "bench.customers",
}


def main() -> None:
    """Run the case named and print what it tells as one line of JSON."""
    name = sys.argv[1]
    measure = getattr(importlib.import_module(CASES[name]), name)
    heap.settle()  # as the processes do that make passes
    told = measure(json.load(sys.stdin))
    print(json.dumps({"rss": own_peak(), **told}))


if __name__ == "__main__":
    main()
