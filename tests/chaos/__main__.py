"""`python -m tests.chaos --seeds n --first m`."""

from tests.chaos.runner import main

if __name__ == "__main__":
    raise SystemExit(main())
