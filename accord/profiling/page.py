"""A profile as a web page that stands by itself: one file, no script, nothing fetched."""

from __future__ import annotations

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from accord.profiling.findings import findings
from accord.profiling.profile import EntityProfile, SystemProfile


def page(profile: SystemProfile | EntityProfile, *, at: datetime) -> str:
    """Return the page; `at` is when it was counted, with its zone."""
    environment = Environment(
        loader=PackageLoader("accord.profiling"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("profile.html.j2").render(
        title=profile.entity if isinstance(profile, EntityProfile) else profile.title,
        at=f"{at:%Y-%m-%d %H:%M %Z}",
        findings=findings(profile),
        tables=profile.tables,
        shared=profile.shared if isinstance(profile, EntityProfile) else (),
        disagreements=profile.disagreements if isinstance(profile, EntityProfile) else (),
    )
