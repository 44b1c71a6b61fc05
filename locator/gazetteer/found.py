"""What suggestions have found so far, and how good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import thread_time

from locator.gazetteer.divisions import stem_of
from locator.gazetteer.files import Row
from locator.gazetteer.rank import bonus, is_local
from locator.gazetteer.records import Suggestion

BUDGET_S = 0.008
"""After this no further way of reading a typing slip is tried: what was found is shown."""
ONE_SLIP = 80.0
"""What a name scores that is one slip from what was typed."""


class Found:
    """The best places so far, and the time left."""

    def __init__(self, limit: int, codes: tuple[str, ...]) -> None:
        self.limit = limit
        self.stems = tuple(stem_of(code[:6]) for code in codes)
        self.first: list[Suggestion] = []
        self.deadline = thread_time() + BUDGET_S
        self.best_score = 0.0
        self._scores: dict[int, float] = {}
        self._rows: dict[int, Row] = {}

    @property
    def spent(self) -> bool:
        """Whether the time is used up."""
        return thread_time() > self.deadline

    def add(self, rows: Iterable[Row], score: Callable[[Row], float]) -> None:
        """Take rows up with their scores."""
        for row in rows:
            value = score(row)
            if value > self._scores.get(row.id, 0.0):
                self._scores[row.id] = value
                self._rows[row.id] = row
                self.best_score = max(self.best_score, value)

    def add_in_order(self, rows: list[Row]) -> None:
        """Take up places that are one slip from what was typed, the likeliest first."""
        scores = {row.id: ONE_SLIP - 0.02 * order for order, row in enumerate(rows)}
        self.add(rows, lambda row: scores[row.id] + bonus(row, self.stems))

    def good(self, score: float) -> int:
        """Return how many places reach a score."""
        return sum(value >= score for value in self._scores.values())

    def best(self) -> list[Row]:
        """Return the best rows, no label twice, none far worse than the best; half are kept for local ones."""
        order = sorted(self._scores, key=lambda i: (-self._scores[i], i))
        worst = max(45.0, self.best_score - 45.0)
        shown: dict[str, Row] = {}
        for row in (self._rows[i] for i in order if self._scores[i] >= worst):
            shown.setdefault(row.label, row)
            if len(shown) >= self.limit and not self.stems:
                break
        rows = list(shown.values())
        local = [row for row in rows if is_local(row, self.stems)]
        elsewhere = [row for row in rows if not is_local(row, self.stems)]
        kept = {row.id for row in elsewhere[: self.limit - min(len(local), self.limit // 2)]}
        return [row for row in rows if row.id in kept or is_local(row, self.stems)][: self.limit]
