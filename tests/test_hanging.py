"""A geocoder that hangs holds up the one who asked it, and nobody else."""

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

from servers import Answer, loopback

from locator.model import Query
from locator.service import Locator
from locator.settings import Settings

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_while_a_geocoder_hangs_others_are_answered(in_data_folder):
    asked, let_go = threading.Event(), threading.Event()

    def hang(_):
        asked.set()
        let_go.wait(60)
        return Answer([], status=503)

    with loopback(hang) as server:
        settings = Settings(
            data=in_data_folder, geocoders=("gazetteer", "nominatim"), urls={"nominatim": server.url}, timeout_s=60
        )
        locator = Locator(settings)
        query = Query(text="济南市槐荫区不存在的路9999弄", online=True)
        waiting = threading.Thread(target=locator.find, args=(query, NOW), daemon=True)
        waiting.start()
        assert asked.wait(60), "the service was not asked"
        answers = [locator.find(Query(text="济南市槐荫区经四路478号"), NOW) for _ in range(3)]
        assert all(answer.hits for answer in answers)
        assert waiting.is_alive(), "the one who asked was to be waiting still"
        let_go.set()
        waiting.join(60)
        assert not waiting.is_alive()
