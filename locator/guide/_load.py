"""Read a folder of guide files, check them one by one and against each other, and build their records.

Scalars stay the text that stands in the file (``0571`` is a text, ``no`` is a word, ``2024-07-17`` is
no date object), so a contributor never has to know YAML's quoting rules.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from locator.disk import write_whole
from locator.errors import DataError
from locator.guide.records import (
    CARD,
    NATION,
    Channel,
    Entry,
    Fault,
    GuideSource,
    Hotline,
    Law,
    Material,
    Question,
    Region,
    Statement,
    TaskRule,
)
from locator.i18n import SOURCE_LANGS
from locator.model import Kind, Person, Task

if TYPE_CHECKING:
    from locator.guide._check import Document, Where

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_BYTES = 1_000_000
_MAX_DEPTH = 20
LISTS = ("statements", "materials", "channels", "hotlines", "laws", "questions")


@dataclass(slots=True)
class Shelf:
    """Everything that the files of a folder hold."""

    sources: dict[str, GuideSource] = field(default_factory=dict)
    rules: dict[Task, TaskRule] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=lambda: {name: [] for name in LISTS})
    faults: list[Fault] = field(default_factory=list)


def read_folder(folder: Path, *, kept: Path | None = None) -> Shelf:
    """Return what the files of a folder hold; records are built only when no fault was found.

    Parameters
    ----------
    kept
        A file that what was read without a fault is kept in, and taken from while neither the files nor the
        program that checks them change: so a command need not read and check hundreds of pages of YAML.
    """
    shelf = Shelf()
    paths = sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file())
    stamp = _stamp_of(paths) if kept else ""
    contents = _read_kept(kept, stamp) if kept else None
    if contents is None:
        contents = _read_files(shelf, folder, paths)
        if kept and not shelf.faults:
            with contextlib.suppress(DataError):  # a folder that cannot be written only costs the next start
                write_whole(kept, json.dumps({"stamp": stamp, "contents": contents}, ensure_ascii=False))
    if not shelf.faults:
        _build(shelf, contents)
    return shelf


def _read_files(shelf: Shelf, folder: Path, paths: list[Path]) -> list[dict[str, Any]]:
    """Return the content of each file that has no fault; the faults go to the shelf."""
    from locator.guide._check import FILE, Document

    documents: list[tuple[Document, dict[str, Any]]] = []
    if not paths:
        shelf.faults.append(Fault(str(folder), 1, "no_files", {}))
    for path in paths:
        content, lines, faults = read_document(path, str(path))
        document = Document(str(path), lines)
        document.faults.extend(faults)
        if not faults:
            FILE(document, content, ())
        shelf.faults.extend(document.faults)
        if not document.faults:
            documents.append((document, content))
    if not shelf.faults:  # a file that cannot be read would make its sources look undefined elsewhere
        _check_across(documents)
    shelf.faults.extend(fault for document, _ in documents for fault in document.faults)
    return [content for _, content in documents]


def _stamp_of(paths: list[Path]) -> str:
    """Return a hash of files and of the modules that check them."""
    state = hashlib.blake2b(digest_size=12)
    for path in (*paths, *sorted(Path(__file__).parent.glob("*.py"))):
        with contextlib.suppress(OSError):  # told when it is read
            content = path.read_bytes()
            state.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return state.hexdigest()


def _read_kept(kept: Path, stamp: str) -> list[dict[str, Any]] | None:
    """Return the contents kept under a stamp; None where there are none, or those of other files."""
    try:
        found = json.loads(kept.read_bytes())
        contents = found["contents"] if found["stamp"] == stamp else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return contents if isinstance(contents, list) else None


def _each(content: Mapping[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for name in LISTS:
        for i, item in enumerate(content.get(name) or ()):
            yield name, i, item


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _check_across(documents: list[tuple[Document, dict[str, Any]]]) -> None:
    """Find what only shows when the files are seen together."""
    sources: dict[str, str] = {}
    ids: dict[str, str] = {}
    tasks: set[str] = set()
    for document, content in sorted(documents, key=lambda pair: pair[1]["region"] != "nation"):
        _gather(document, content, sources, ids, tasks)  # the nation first, so that a city's file gets the blame
    named = {content["region"] for _, content in documents if content.get("name")} | {"nation"}
    for document, content in documents:
        if content["region"] not in named:
            document.fault("no_region_name", ("region",), region=content["region"])
        area = content.get("area_code")
        if area and area["source"] not in sources:
            document.fault("unknown_source", ("area_code", "source"), id=area["source"])
        for name, i, item in _each(content):
            _check_item(document, (name, i), item, sources, ids)
    if documents and (missing := sorted(set(Task) - tasks)):
        nation = next((d for d, c in documents if c["region"] == "nation"), documents[0][0])
        nation.fault("tasks_missing", (), tasks=", ".join(missing))


def _gather(
    document: Document, content: dict[str, Any], sources: dict[str, str], ids: dict[str, str], tasks: set[str]
) -> None:
    """Note what a file defines for all, and what was defined before."""
    for task in content.get("tasks") or {}:
        if content["region"] != "nation" or task in tasks:
            document.fault("task_place", ("tasks", task), task=task)
        tasks.add(task)
    for key, source in (content.get("sources") or {}).items():
        if key in sources:
            document.fault("source_twice", ("sources", key), id=key)
        if source["date"] == "unknown" and not source.get("read"):
            document.fault("no_day", ("sources", key), id=key)
        sources[key] = source["confidence"]
    for name, i, item in _each(content):
        if item.get("id") in ids:
            document.fault("id_twice", (name, i, "id"), id=item["id"], first=ids[item["id"]])
        elif item.get("id"):
            ids[item["id"]] = f"{document.shown}:{document.line((name, i, 'id'))}"


def _check_item(
    document: Document, where: tuple[str, int], item: dict[str, Any], sources: Mapping[str, str], ids: Mapping[str, str]
) -> None:
    used = _listed(item["source"])
    if not used:
        document.fault("missing_key", (*where, "source"), key="source", name=where[0])
    for key in used:
        if key not in sources:
            document.fault("unknown_source", (*where, "source"), id=key)
    for key in _listed(item.get("replaces")):
        if key not in ids:
            document.fault("unknown_id", (*where, "replaces"), id=key)
    weak = item.get("confidence") == "L" or any(sources.get(key) == "L" for key in used)
    if item.get("required") == "yes" and weak:
        document.fault("weak_required", (*where, "required"), id=item["id"])
    if where[0] == "statements" and "visit" in item and item["section"] != "trip":
        document.fault("visit_place", where)


def _build(shelf: Shelf, contents: list[dict[str, Any]]) -> None:
    for content in contents:
        for key, raw in (content.get("sources") or {}).items():
            date = None if raw["date"] == "unknown" else raw["date"]
            shelf.sources[key] = GuideSource(
                id=key,
                date=date,
                read=raw.get("read"),
                **{k: raw[k] for k in ("name", "publisher", "url", "confidence")},
            )
        for key, raw in (content.get("tasks") or {}).items():
            shelf.rules[Task(key)] = _task_rule(Task(key), raw)
        if content.get("name"):
            code = _code(content["region"])
            area = content.get("area_code") or {}
            shelf.regions[code] = Region(adcode=code, name=content["name"], area_code=area.get("code"))
    for content in contents:
        for name, _, item in _each(content):
            shelf.entries[name].append(_entry(shelf, name, item, _code(content["region"])))


def _code(region: str) -> str:
    return NATION if region == "nation" else region


def _task_rule(task: Task, raw: Mapping[str, Any]) -> TaskRule:
    return TaskRule(
        task=task,
        authority=raw["authority"],
        first=frozenset(map(Kind, raw["first"])),
        second=frozenset(map(Kind, raw["second"])),
        card=raw["card"] in ("yes", "true"),
        insured_city_only=raw["insured_city_only"] in ("yes", "true"),
        related=tuple(map(Task, raw["related"])),
    )


def _tasks(shelf: Shelf, raw: object) -> frozenset[Task]:
    if raw is None:
        return frozenset(Task)
    found: set[Task] = set()
    for word in _listed(raw):
        if word == CARD:
            found.update(task for task, rule in shelf.rules.items() if rule.card)
        else:
            found.add(Task(word))
    return frozenset(found)


def _entry(shelf: Shelf, name: str, item: Mapping[str, Any], region: str) -> Entry:
    used = tuple(_listed(item["source"]))
    worst = max((shelf.sources[key].confidence for key in used), key="HML".index)
    common: dict[str, Any] = {
        "id": item.get("id") or f"{region}-{hashlib.sha256(repr((region, item)).encode()).hexdigest()[:8]}",
        "region": region,
        "tasks": _tasks(shelf, item.get("tasks")),
        "persons": frozenset(map(Person, _listed(item["persons"]) if item.get("persons") else Person)),
        "sources": used,
        "confidence": item.get("confidence") or worst,
        "replaces": tuple(_listed(item.get("replaces"))),
    }
    if name == "statements":
        words = {lang: item[lang].strip() for lang in SOURCE_LANGS}
        urgent = item.get("urgent") in ("yes", "true")
        return Statement(**common, section=item["section"], text=words, visit=item.get("visit"), urgent=urgent)
    if name == "questions":
        return Question(**common, text=item["text"], answer=item["answer"])
    if name == "laws":
        return Law(**common, name=item["name"], article=item["article"], summary=item["summary"], url=item.get("url"))
    common |= {"name": item["name"], "note": item.get("note")}
    if name == "materials":
        required = {"yes": True, "no": False, "ask": None}[item["required"]]
        if common["confidence"] == "L":
            required = None
        return Material(**common, required=required, form=item["form"], count=int(item.get("count", 1)))
    if name == "channels":
        official = item.get("official") in ("yes", "true")
        return Channel(**common, type=item["type"], url=item.get("url"), official=official)
    return Hotline(**common, number=item["number"], authority=item["authority"])


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
