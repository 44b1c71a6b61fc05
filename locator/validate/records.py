"""What goes into the check and what comes out of it: raw records, rejects, and where a fault sits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from locator.datum import Datum
from locator.model import ServicePoint

SHOWN_CHARACTERS = 120
"""How much of a faulty value a reject repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """One row, feature or answer of a source, in the source's own words."""

    source: str
    """The source's name, as the layer will call it."""
    file: str
    """The file, address or query it was read from."""
    row: int
    """The row's number as a spreadsheet shows it (the header is row 1); for features, from 1."""
    fields: Mapping[str, str]
    """Text by column name of the layer, plus ``datum``. A missing key means that the source has no such
    column; an empty text means that it has the column and leaves it blank."""
    datum: Datum | None = None
    """What this record's position is measured against, when it is not the source's."""
    fault: tuple[str, str, str, str] | None = None
    """What was wrong before any value could be read: column, code, value, reason. The row is refused."""


class Reject(NamedTuple):
    """One value that cannot be taken as it is."""

    file: str
    row: int
    column: str
    code: str
    """What is wrong, e.g. ``position_swapped``; the sentences are in ``locales/*/import.yaml``."""
    value: str
    """The value, cut to :data:`SHOWN_CHARACTERS`, control characters made visible."""
    reason: str
    """An English sentence: what was given, what was expected."""
    severity: str = "row"
    """``row``: the whole row was refused; ``value``: the row was kept without this value; ``doubt``: the
    value was kept, somebody should look."""


class Checked(NamedTuple):
    """The outcome of a check: points, and every fault and doubt in the order of the rows."""

    points: list[ServicePoint]
    rejects: list[Reject]


@dataclass(slots=True)
class Draft:
    """A row while it is being checked: what it gives, and what is wrong with it."""

    record: RawRecord
    values: dict[str, object] = field(default_factory=dict)
    """Checked values by the names of :class:`~locator.model.ServicePoint`'s fields."""
    rejects: list[Reject] = field(default_factory=list)
    refused: bool = False
    own_id: bool = False
    """Whether the id is the row's own, not one that was made."""

    def text(self, name: str) -> str:
        """Return a field's text without the blanks around it, ``""`` when there is none."""
        return self.record.fields.get(name) or ""

    def tell(self, column: str, code: str, value: str, reason: str, severity: str = "value") -> None:
        """Note a fault or a doubt; severity ``row`` refuses the row."""
        shown = value[:SHOWN_CHARACTERS]
        shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)
        if len(value) > SHOWN_CHARACTERS:
            shown += "…"
        self.rejects.append(Reject(self.record.file, self.record.row, column, code, shown, reason, severity))
        self.refused = self.refused or severity == "row"
