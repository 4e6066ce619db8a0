"""The command `accord`: thin commands over the engine, importing only what they need."""
