"""Places at the database: what waits for one thing leaves room for all others."""

from __future__ import annotations

import threading
import time

import pytest

from core.connection_places import ConnectionPlaces, PlacesTaken


class TestPlaces:
    def test_are_as_many_for_each_key(self) -> None:
        places = ConnectionPlaces()

        assert [places.try_taking("a", most=2) for _ in range(3)] == [True, True, False]
        assert places.try_taking("b", most=2)

    def test_are_free_again(self) -> None:
        places = ConnectionPlaces()
        places.take("a", most=1, seconds=0)
        places.free("a")

        assert places.try_taking("a", most=1)

    def test_are_refused_in_time_with_a_time_to_come_again(self) -> None:
        places = ConnectionPlaces()
        places.take("a", most=1, seconds=0)
        began = time.monotonic()

        with pytest.raises(PlacesTaken) as refused:
            places.take("a", most=1, seconds=0.2)

        assert (refused.value.stable_code, refused.value.retry_after) == ("unavailable", 1)
        assert 0.2 <= time.monotonic() - began < 2

    def test_go_to_those_who_wait(self) -> None:
        places, inside, most_inside = ConnectionPlaces(), [0], [0]
        lock = threading.Lock()

        def work() -> None:
            places.take("a", most=3, seconds=10)
            with lock:
                inside[0] += 1
                most_inside[0] = max(most_inside[0], inside[0])
            time.sleep(0.01)
            with lock:
                inside[0] -= 1
            places.free("a")

        crowd = [threading.Thread(target=work) for _ in range(12)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join(10)

        assert (inside[0], most_inside[0]) == (0, 3)
        assert places.try_taking("a", most=1)
