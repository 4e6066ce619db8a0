"""The command `accord`: thin commands over the engine, importing what they need when they need it."""
