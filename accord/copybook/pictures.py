"""Reads PICTURE strings: X, A, 9, S, V, P and repetitions; edited ones are refused."""

from __future__ import annotations

import re

from accord.copybook.model import Picture, wrong

MOST_DIGITS = 31
_PARTS = re.compile(r"([A-Z0-9*+\-,.$/])(?:\(([0-9]+)\))?")
_NUMBER = re.compile(r"S?(?:9V?|9?V9|9PV?|V?P9|PV9)")
_EDITING = set("Z*+-,.$/B0CRDBE")
_NATIONAL = set("NGU")


def picture(text: str, line: int) -> Picture:
    """Read one PICTURE string. Raises Stop, naming the line."""
    runs = _runs(text.upper(), line)
    letters = "".join(letter for letter, _ in runs)
    if _NUMBER.fullmatch(letters):
        return _number(runs, line)
    if set(letters) <= set("XA9"):
        return Picture(is_text=True, size=sum(count for _, count in runs))
    if set(letters) & _NATIONAL:
        raise wrong(
            line,
            f"PICTURE {text} is national or double-byte text, which is not read",
            remedy="describe it as PIC X of as many bytes, and decode it apart",
        )
    if set(letters) & _EDITING:
        raise wrong(
            line,
            f"PICTURE {text} is edited: what it holds is meant for people",
            remedy="describe it as PIC X of the same length, or let the program write the number",
        )
    raise wrong(line, f"PICTURE {text} has no meaning", remedy="compare it with the program's own")


def _runs(text: str, line: int) -> list[tuple[str, int]]:
    """Return the letters, equal neighbours put together, with how often each comes."""
    runs: list[tuple[str, int]] = []
    at = 0
    while at < len(text):
        match = _PARTS.match(text, at)
        count = int(match[2] or 1) if match else 0
        if match is None or not count:
            raise wrong(line, f"PICTURE {text} has no meaning", remedy="look at its repetitions")
        at = match.end()
        if runs and runs[-1][0] == match[1]:
            runs[-1] = (match[1], runs[-1][1] + count)
        else:
            runs.append((match[1], count))
    if any(letter in "SV" and count > 1 for letter, count in runs):
        raise wrong(line, f"PICTURE {text} repeats S or V", remedy="write each of them once")
    return runs


def _number(runs: list[tuple[str, int]], line: int) -> Picture:
    signed = runs[0][0] == "S"
    body = runs[signed:]
    letters = "".join(letter for letter, _ in body)
    digits = sum(count for letter, count in body if letter == "9")
    scaling = sum(count for letter, count in body if letter == "P")
    if digits + scaling > MOST_DIGITS:
        raise wrong(
            line,
            f"it has {digits + scaling} digits, and COBOL knows {MOST_DIGITS} at most",
            remedy="compare it with the program's own",
        )
    if letters.startswith("9P"):
        scale = -scaling
    elif scaling:
        scale = scaling + digits
    else:
        point = letters.find("V")
        scale = sum(count for _, count in body[point + 1 :]) if point >= 0 else 0
    return Picture(is_text=False, size=digits, digits=digits, scale=scale, signed=signed)
