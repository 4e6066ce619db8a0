"""The one place that opens sockets to connected systems.

An `Api` speaks to one system: it verifies TLS, keeps the pace the system allows, signs in and
renews its token, and turns every failure into Retry, Unanswered or Stop. The difference that
matters is whether a write may have taken effect: if it may, nothing here repeats it.
"""

from accord.http.api import LONGEST_WAIT, READ_ATTEMPTS, Api
from accord.http.budget import Budget
from accord.http.oauth import BearerKey, ClientCredentials, Credentials
from accord.http.pace import Pace, Turns
from accord.http.wire import Answer, checked_url, send

__all__ = [
    "LONGEST_WAIT",
    "READ_ATTEMPTS",
    "Answer",
    "Api",
    "BearerKey",
    "Budget",
    "ClientCredentials",
    "Credentials",
    "Pace",
    "Turns",
    "checked_url",
    "send",
]
