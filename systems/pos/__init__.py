"""The point of sale: daily export files, read only."""
