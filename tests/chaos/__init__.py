"""The fault laboratory: seeded schedules of faults, each compared with an oracle that knows none.

A schedule is a short story of one small company: tills that export day files, an accounting system,
a poor one beside it, and runs of the engine while everything goes wrong. Then all faults cease, the
engine runs until nothing changes, and what both systems hold, what they were ever told, the dead
letters, the ledger and the crosswalk have to be what the last whole files say.

Real here: the tills' client and parser, landing, builds, the gate and its verdicts, the outbox, the
courier and the store, on a PostgreSQL; the HTTP layer, Xero's client, and Xero's emulator behind a
socket. The laboratory's own: the models between landing and publish (small SQL statements in place
of dbt, which takes half a second), the poor API with its client, the network (a carrier of
requests that loses, delays and repeats), connections that are kept between runs, and time, which
passes only when somebody waits. Processes end by an exception that nothing catches and by closing
their connections; `test_kills.py` ends real ones.

    make chaos SEEDS=1000 FIRST_SEED=1
"""
