"""The sandbox company: every system that has no address of its own, emulated on loopback."""
