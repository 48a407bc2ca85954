"""The engine: Django's own, with a pool whose connections wait no longer than they may.

Django loads the module `base` of the engine that the settings name.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any, Final, TypeVar

import psycopg
from django.conf import settings
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base as django_postgresql
from psycopg.abc import PQGen
from psycopg_pool import ConnectionPool

from config import database_waits
from core import connection_places

RV = TypeVar("RV")
_HOLDERS: Final = connection_places.ConnectionPlaces()


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up a server which does not answer.

    The time-outs of the server end what takes long. They end nothing when the server itself is
    stopped, or its host is gone.
    """

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Return what the server answers.

        Raises OperationalError when it takes longer than the process waits.
        """
        given = database_waits.compute_patience() if timeout is None else timeout
        try:
            return super().wait(gen, interval, given)
        except psycopg.OperationalError as error:
            # Without a state it does not come from the server, and its answer may still come.
            if error.sqlstate is None and timeout is None:
                self.pgconn.finish()
            raise


class DatabaseWrapper(django_postgresql.DatabaseWrapper):
    """Django's wrapper, with our pool.

    The connections of one organisation are three quarters of the pool at most.
    """

    # What the stubs of Django leave out.
    _connection_pools: dict[str, ConnectionPool[BoundedConnection]]
    _configure_connection: Callable[[BoundedConnection], None]

    _counted_among = ""

    def count_among(self, holder: str) -> None:
        """Count an open connection among those of `holder`, or close it when there are too many."""
        if self.connection is None or self.in_atomic_block or not holder or self._counted_among:
            return

        if _HOLDERS.try_taking(holder, most=_compute_share()):
            self._counted_among = holder
        else:
            self.close()

    @property
    def pool(self) -> ConnectionPool[BoundedConnection] | None:
        """Return the pool of this process, made when it is first asked for."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None

        if self.alias not in self._connection_pools:
            pool = ConnectionPool(
                connection_class=BoundedConnection,
                kwargs={**self.get_connection_params(), "autocommit": True},
                open=False,
                configure=self._configure_connection,
                check=refuse_closed,
                **options,
            )
            # Of two threads that make one, the first wins.
            self._connection_pools.setdefault(self.alias, pool)

        return self._connection_pools[self.alias]

    def get_connection_params(self) -> dict[str, Any]:
        """Return what connects: Django's parameters, and the limits of this process."""
        limits = database_waits.get_waits()
        options = {"options": limits.to_options()} if limits else {}
        return {**super().get_connection_params(), **options}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection, from the pool if there is one.

        Raises PlacesTaken when the organisation that it is for has too many.
        """
        holder = connection_places.get_holder() if self.pool else ""
        if holder:
            seconds = _compute_pool_wait()
            _HOLDERS.take(holder, most=_compute_share(), seconds=seconds)
            self._counted_among = holder

        try:
            return self._get_new_connection(conn_params)
        except BaseException:
            self._stop_counting()
            raise

    def _get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        pool, patience = self.pool, database_waits.compute_patience()
        if pool is None or patience is None or patience >= pool.timeout:
            return super().get_new_connection(conn_params)

        pool.open()
        return pool.getconn(patience)

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # not in the stubs of Django
        finally:
            self._stop_counting()

    def _stop_counting(self) -> None:
        if self._counted_among:
            _HOLDERS.free(self._counted_among)
            self._counted_among = ""


def _compute_share() -> int:
    return int(settings.SAYSO_DATABASE_CONNECTIONS) * 3 // 4


def _compute_pool_wait() -> float:
    patience = database_waits.compute_patience()
    most = float(settings.SAYSO_POOL_SECONDS)
    return most if patience is None else min(most, patience)


def refuse_closed(connection: psycopg.Connection[Any]) -> None:
    """Check, without asking it, that the server has not ended an idle connection.

    Raises OperationalError when it has.
    """
    waiting = select.poll()
    waiting.register(connection.pgconn.socket, select.POLLIN)
    # No statement is under way, so what can be read is the end, or the server's reason for it.
    if waiting.poll(0):
        connection.close()
        raise psycopg.OperationalError("the server has ended this connection")
