"""Telling people: what is worth an alert, whom it concerns, and getting it there.

Nothing here may fail a run: what a channel does not take is stored, shown and told on the others.
"""

from accord.alerting.delivering import Sender, Told, deliver_pending, works_again
from accord.alerting.sending import AppriseSender
from accord.alerting.watching import watch_outcomes

__all__ = ["AppriseSender", "Sender", "Told", "deliver_pending", "watch_outcomes", "works_again"]
