"""How often one client may ask: counted by the address that a forged header cannot choose."""

from __future__ import annotations

import pytest

from locator.api.limits import MAX_CLIENTS, Buckets, read_client


class Clock:
    """A clock that moves when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_served_then_the_pace_rules():
    clock = Clock()
    buckets = Buckets(60, clock)
    assert [buckets.take("a") for _ in range(15)] == [0.0] * 15
    wait = buckets.take("a")
    assert 0 < wait <= 1
    assert buckets.take("b") == 0.0
    clock.now += wait
    assert buckets.take("a") == pytest.approx(0.0)
    assert buckets.take("a") > 0


def test_forgotten_clients_do_not_pile_up():
    buckets = Buckets(60, Clock())
    for n in range(MAX_CLIENTS + 50):
        buckets.take(str(n))
    assert len(buckets._buckets) == MAX_CLIENTS


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("203.0.113.9", "1.2.3.4", (), "203.0.113.9"),
        ("127.0.0.1", "1.2.3.4", ("127.0.0.1",), "1.2.3.4"),
        ("::ffff:127.0.0.1", "1.2.3.4", ("127.0.0.1",), "1.2.3.4"),
        ("::ffff:203.0.113.9", "1.2.3.4", ("127.0.0.1",), "::ffff:203.0.113.9"),
        ("127.0.0.1", "6.6.6.6, 1.2.3.4", ("127.0.0.1",), "1.2.3.4"),
        ("127.0.0.1", "1.2.3.4, 10.0.0.7", ("127.0.0.1", "10.0.0.0/8"), "1.2.3.4"),
        ("127.0.0.1", "", ("127.0.0.1",), "127.0.0.1"),
        ("127.0.0.1", "<script>", ("127.0.0.1",), "<script>"),
        ("testclient", "1.2.3.4", ("127.0.0.1",), "testclient"),
    ],
)
def test_the_client_is_the_last_hop_that_is_not_ours(peer, forwarded, trusted, client):
    assert read_client(peer, forwarded, trusted) == client
