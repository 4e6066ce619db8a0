"""The stewards' console: a small web application for decisions that a machine should not make.

Pages are made on the server and work without a script. It listens on loopback, people sign in with
a token of their own, every form carries a word that only its page knows, and whatever is decided
goes through the same functions as the commands do.
"""

from accord.console.app import console_app
from accord.console.desk import Desk

__all__ = ["Desk", "console_app"]
