"""One folder per connected system; the only places that know them."""
