"""Read a YAML file of the guide into plain values, and remember the line of each.

Scalars stay the text that stands in the file (``0571`` is a text, ``no`` is a word, ``2024-07-17`` is
no date object), so a contributor never has to know YAML's quoting rules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from locator.guide.records import Fault

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Where = tuple[str | int, ...]
"""A path into a document: keys and list positions."""
_MAX_BYTES = 1_000_000
_MAX_DEPTH = 20


def read_document(path: Path, shown: str) -> tuple[Any, dict[Where, int], list[Fault]]:
    """Return the values of a file, the line (from 1) of every path in it, and the faults of its syntax."""
    lines: dict[Where, int] = {}
    faults: list[Fault] = []
    try:
        raw = path.read_bytes()
        if len(raw) > _MAX_BYTES:
            return None, lines, [Fault(shown, 1, "too_large", {"limit": _MAX_BYTES})]
        content = raw.decode("utf-8")
        if line := _too_deep(content):
            return None, lines, [Fault(shown, line, "too_deep", {})]
        node = yaml.compose(content, Loader=_Loader)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return None, lines, [Fault(shown, line, "not_utf8", {})]
    except OSError as error:
        return None, lines, [Fault(shown, 1, "unreadable", {"reason": error.strerror or "?"})]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        return None, lines, [Fault(shown, mark.line + 1 if mark else 1, "not_yaml", {"problem": problem})]
    reader = _Reader(shown, lines, faults)
    return None if node is None else reader.plain(node, ()), lines, faults


def _too_deep(content: str) -> int | None:
    """Return the line where a document is nested too deeply: composing such a one exhausts the C stack."""
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                mark: Any = event.start_mark
                return int(mark.line) + 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


class _Reader:
    """Turns the nodes of one document into values; notes lines and faults on its way."""

    def __init__(self, shown: str, lines: dict[Where, int], faults: list[Fault]) -> None:
        self.shown, self.lines, self.faults = shown, lines, faults
        self.seen: set[int] = set()

    def plain(self, node: Any, where: Where) -> Any:
        line = self.lines[where] = node.start_mark.line + 1
        if id(node) in self.seen:
            self.faults.append(Fault(self.shown, line, "alias", {}))
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(child, (*where, i)) for i, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, where)
        return None if node.tag == "tag:yaml.org,2002:null" else node.value

    def mapping(self, node: Any, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            at = key_node.start_mark.line + 1
            if key in found:
                self.faults.append(Fault(self.shown, at, "key_twice", {"key": key}))
            found[key] = self.plain(child, (*where, key))
            self.lines[(*where, key)] = at
        return found
