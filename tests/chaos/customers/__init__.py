"""The fault laboratory's second company: customers whom four systems have to agree on.

A schedule is a short story: a handful of customers, people in four systems who edit, enter, delete
and opt out, a steward, and runs of the engine while everything goes wrong. At the end of each
chapter all faults cease and the engine runs until nothing is left to do; then every system has to
hold each golden customer exactly as its publish model says, once, having never been told what it
owns itself. The same story without faults has to end the same.

Real here: all clients and emulators of the four systems, the HTTP layer, intake, consolidation,
the gate, the courier, reconciliation, the stewards' desk, and the views of the dbt project on a
PostgreSQL. The laboratory's own: the sockets (emulators are called in the same process, by a
carrier that loses, delays and refuses), a matcher that is easily foreseen, and time.

    make chaos SEEDS=100 FIRST_SEED=1 ONLY=customers
"""
