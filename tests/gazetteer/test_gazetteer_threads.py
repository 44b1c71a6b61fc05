"""Many threads that come first read the table of divisions once."""

import threading

from locator.gazetteer.divisions import DivisionTable
from locator.gazetteer.index import IndexFile
from locator.ingest.shipped import GAZETTEER_FILE


def test_threads_that_come_first_together_read_the_divisions_once(data_folder, monkeypatch):
    reads, load, start = [], DivisionTable.load, threading.Barrier(8)
    monkeypatch.setattr(DivisionTable, "load", lambda connection: reads.append(1) or load(connection))
    index, tables = IndexFile(data_folder / GAZETTEER_FILE), []

    def come() -> None:
        start.wait(60)
        tables.append(index.divisions)

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(reads) == 1
    assert len(tables) == 8 and all(table is tables[0] for table in tables)
