"""Many threads that come first share one table of divisions, and read it whole once."""

import sqlite3
import threading

from locator.gazetteer import index as index_module
from locator.gazetteer.index import MOST_CONNECTIONS, IndexFile
from locator.geocode.index_files import GAZETTEER_FILE


def test_threads_that_come_first_together_read_the_divisions_once(data_folder, monkeypatch):
    index, tables, reads, start = IndexFile(data_folder / GAZETTEER_FILE), [], [], threading.Barrier(8)
    ask = index.ask

    def counted(query, values=()):
        if "WHERE" not in query:
            reads.append(query)
        return ask(query, values)

    monkeypatch.setattr(index, "ask", counted)

    def come() -> None:
        start.wait(60)
        tables.append(index.divisions)
        index.divisions.names.read_all()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(reads) == 1
    assert len(tables) == 8 and all(table is tables[0] for table in tables)


def test_a_thread_that_comes_later_takes_the_connection_of_one_that_went(data_folder, monkeypatch):
    opened, gate, told = [], threading.Barrier(MOST_CONNECTIONS + 4), []

    class Counted(sqlite3.Connection):
        def __init__(self, *args, **options):
            opened.append(self)
            super().__init__(*args, **options)

        def execute(self, query, *values):
            if "gate" in query:
                gate.wait(60)
            return super().execute(query, *values)

    connect = sqlite3.connect
    monkeypatch.setattr(
        index_module.sqlite3, "connect", lambda *args, **options: connect(*args, factory=Counted, **options)
    )
    index = IndexFile(data_folder / GAZETTEER_FILE)

    def visit(query: str) -> None:
        told.append(index.ask(query))

    def run(query: str, times: int, together: bool) -> None:
        threads = [threading.Thread(target=visit, args=(query,)) for _ in range(times)]
        for thread in threads:
            thread.start()
            if not together:
                thread.join(60)
        for thread in threads:
            thread.join(60)

    run("SELECT count(*) FROM division", 20, together=False)
    assert len(opened) == 1 and len(told) == 20 and len({tuple(rows) for rows in told}) == 1
    run("SELECT 'gate'", gate.parties, together=True)  # all wait for each other: nobody shares one
    assert len(opened) == gate.parties and told[20:] == [[("gate",)]] * gate.parties
    assert len(index._idle) == MOST_CONNECTIONS


def test_a_name_means_the_same_asked_alone_and_read_whole(data_folder):
    path = data_folder / GAZETTEER_FILE
    alone, whole = IndexFile(path).divisions, IndexFile(path).divisions
    whole.names.read_all()
    for name, meant in list(whole.names.items())[::97]:
        assert alone.names.get(name) == meant and name in alone.names
    assert "没有这个名字" not in alone.names and alone.longest == whole.longest > 5
    assert {alone.levels[code] for code in ("370000", "370100", "370104")} == {"province", "city", "district"}
