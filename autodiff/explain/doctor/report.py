"""What the doctor found, and how it is printed: the most important first, and at the end one thing to do.

After this module a reader knows that a finding says what is wrong, where, and what to write instead; that a note is no alarm;
and that the report is made of facts, so that a program can read it as well as a person.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Finding", "Report", "counted", "several"]

_WIDE = 80
_ORDER = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Finding:
    """One thing that was found. `severity` is "error" (it can't learn so), "warning" (it hardly can), or "note"."""

    code: str  # AD and a number, where docs/messages.md has the mistake; else a word
    severity: str
    sentence: str
    where: str = ""
    cure: str = ""

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, head: str = "") -> list[str]:
        """In 80 columns."""
        found = _wrapped(f"{head}{self.severity} {self.code}: ", self.sentence, "   ")
        for label, text in (("where", self.where), ("do", self.cure)):
            if text:
                found += _wrapped(f"   {label + ':':7}", text, " " * 10)
        return found


@dataclass
class Report:
    """The findings, the most important first; what was measured; and `next`, the one thing to do now.

    `healthy` is True where there are no findings but notes.
    """

    findings: list[Finding]
    measured: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.findings = sorted(self.findings, key=lambda each: _ORDER[each.severity])

    @property
    def alarms(self) -> list[Finding]:
        """The findings that are no notes."""
        return [each for each in self.findings if each.severity != "note"]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong, as far as one batch can tell."""
        return not self.alarms

    @property
    def next(self) -> str:
        """The one thing to do now."""
        if self.alarms:
            first = self.alarms[0]
            rest = "" if len(self.alarms) == 1 else " Then ask the doctor again."
            return f"{first.cure or first.sentence}{rest}"
        return "train it on many batches, and measure it on data that it has not seen."

    def _head(self) -> str:
        n = len(self.alarms)
        if not n:
            return "doctor: nothing is wrong, as far as one batch can tell"
        return f"doctor: {n} finding{'s, the most important first' if n > 1 else ''}"

    def __str__(self) -> str:
        lines = [self._head()]
        for i, each in enumerate(self.findings, 1):
            lines += ["", *each.lines(f"{i}. ")]
        if self.measured:
            lines += ["", "measured on a copy"]
            wide = max(map(len, self.measured)) + 2
            for name, text in self.measured.items():
                lines += _wrapped(f"   {name:{wide}}", text, " " * (wide + 3))
        return "\n".join([*lines, "", *_wrapped("next: ", self.next, "      ")])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [
            f"<li><strong>{each.severity} {html.escape(each.code)}</strong>: {html.escape(each.sentence)}"
            + (f"<br>where: {html.escape(each.where)}" if each.where else "")
            + (f"<br>do: {html.escape(each.cure)}" if each.cure else "")
            + "</li>"
            for each in self.findings
        ]
        facts = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(text)}</td></tr>'
            for name, text in self.measured.items()
        )
        return (
            f"<p>{html.escape(self._head())}</p><ol>{''.join(rows)}</ol>"
            f"<table><caption>measured on a copy</caption>{facts}</table>"
            f"<p><strong>next:</strong> {html.escape(self.next)}</p>"
        )


def several(names: list[str], most: int = 3) -> str:
    """Some names in a row: a, b, c and 4 more."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def counted(things: Collection[Any], word: str) -> str:
    """How many: 1 layer, 2 layers."""
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _wrapped(head: str, text: str, indent: str) -> list[str]:
    """Lines of at most 80 columns; a word that is longer is broken, and the user's own line ends are kept as blanks."""
    return textwrap.wrap(" ".join(text.split()), _WIDE, initial_indent=head, subsequent_indent=indent) or [head.rstrip()]
