"""The assets: one module per layer of a record's way. Sensors and resources live elsewhere."""
