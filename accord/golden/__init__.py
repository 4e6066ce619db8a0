"""Golden records: one for each real-world customer, whatever systems know of it, under one id."""
