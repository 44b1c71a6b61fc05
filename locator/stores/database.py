"""Connections to PostgreSQL: a few kept open, found dead and made anew after a restart, never named with a password.

The pool is our own and small on purpose: it connects when somebody asks and not in the background, so the
first question after a server has come back is answered, however long it was away.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from locator.errors import DataError, MissingExtra, SettingError

if TYPE_CHECKING:
    import psycopg

    type Connection = psycopg.Connection[tuple[Any, ...]]

MOST_CONNECTIONS = 8
"""Connections of one process; PostgreSQL's own limit is 100 for all."""
CONNECT_S = 5
WAIT_S = 10.0
"""How long a question waits for a connection that others use."""
PATIENCE_S = 5.0
"""How long a question is repeated when a server that had answered is away."""
STATEMENT_S = 30
"""The longest one statement of a question may take; writing has no limit."""
_REASONS = (
    "connection refused", "password authentication failed", "no password supplied", "does not exist",
    "timeout expired", "could not translate host name", "starting up", "shutting down", "no pg_hba.conf entry",
    "too many clients", "SSL", "permission denied", "No space left", "read-only transaction",
)  # fmt: skip
"""What an error may say of PostgreSQL's own words; the rest could repeat the address with its password."""
_HOST = re.compile(r"[\w.,:\[\]-]*")


class Database:
    """One database, asked by many threads.

    Parameters
    ----------
    url
        ``postgresql://user:password@host:port/database?…`` as libpq reads it, several hosts too. Neither
        messages nor ``repr`` repeat it.

    Raises
    ------
    MissingExtra
        psycopg is not installed.
    SettingError
        The address is none.
    """

    def __init__(self, url: str) -> None:
        self._driver = _load_driver()
        self.label = self._read(url)
        self._url = url
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._answered = False
        weakref.finalize(self, _close_all, self._idle)

    def __repr__(self) -> str:
        return f"Database({self.label!r})"

    def _read(self, url: str) -> str:
        """Return host and database of an address, as messages name it."""
        from psycopg.conninfo import conninfo_to_dict

        try:
            known = conninfo_to_dict(url)
        except self._driver.Error:
            known = None
        if known is None or not _HOST.fullmatch(str(known.get("host", ""))) or url.count("@") > 1:
            raise SettingError(
                "LOCATOR_LAYER is no address of a database; expected postgresql://user:password@host:port/database,"
                " with @ : / in a password written as %40 %3A %2F",
                code="database_address",
            ) from None
        return f"{known.get('host') or 'localhost'}/{known.get('dbname') or known.get('user') or ''}"

    def read[T](self, ask: Callable[[Connection], T]) -> T:
        """Return what ``ask`` finds; asked again on a new connection when the server was gone.

        Raises
        ------
        DataError
            The server cannot be reached, or has a fault.
        """
        until = time.monotonic() + PATIENCE_S
        pause = 0.02
        while True:
            try:
                with self.connection() as connection:
                    return ask(connection)
            except (self._driver.OperationalError, self._driver.InterfaceError) as error:
                if not (_is_lost(error) and self._answered and time.monotonic() < until):
                    raise self.fault(error) from None
                self.forget()
                time.sleep(pause)
                pause = min(2 * pause, 0.5)
            except self._driver.Error as error:
                raise self.fault(error) from error

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection, which may turn out to be dead; in autocommit, with nothing begun.

        Raises
        ------
        DataError
            Too many questions at once, or the database cannot be reached.
        """
        if not self._slots.acquire(timeout=WAIT_S):
            raise DataError(f"{self.label} has too many questions at once", code="database_busy", database=self.label)
        try:
            connection = self._take() or self._connect()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._slots.release()

    @contextlib.contextmanager
    def living(self) -> Iterator[Connection]:
        """Lend a connection that has just answered, for what must not be asked twice."""
        with self.told():
            self.read(lambda connection: connection.execute("SELECT 1"))
            with self.connection() as connection:
                yield connection

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Turn what PostgreSQL says into one error.

        Raises
        ------
        DataError
            What PostgreSQL said, without what was asked.
        """
        try:
            yield
        except self._driver.OperationalError as error:
            raise self.fault(error) from None
        except self._driver.Error as error:
            raise self.fault(error) from error

    def fault(self, error: Exception) -> DataError:
        """Return the error for what PostgreSQL said, without an address or a password in it."""
        said = str(error).lower()
        reason = next((words for words in _REASONS if words.lower() in said), None)
        state = getattr(error, "sqlstate", None)
        reason = reason or (f"{type(error).__name__}, SQLSTATE {state}" if state else type(error).__name__)
        code = "database_away" if isinstance(error, self._driver.OperationalError) else "database_fault"
        return DataError(
            f"the database {self.label} gave no answer: {reason}", code=code, database=self.label, reason=reason
        )

    def forget(self) -> None:
        """Close the idle connections: one was dead, so the others are likely to be."""
        with self._lock:
            dead, self._idle[:] = list(self._idle), []
        _close_all(dead)

    close = forget

    def _take(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connect(self) -> Connection:
        connection: Connection = self._driver.connect(
            self._url, autocommit=True, connect_timeout=CONNECT_S, application_name="locator", tcp_user_timeout=20_000
        )
        connection.execute(f"SET statement_timeout = '{STATEMENT_S}s'")
        connection.execute("SET jit = off")
        self._answered = True
        return connection

    def _give_back(self, connection: Connection) -> None:
        from psycopg.pq import TransactionStatus

        if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)


def _load_driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtra(
            "PostGIS needs psycopg: uv sync --extra postgis, or pip install 'psycopg[binary]'", code="extra_postgis"
        ) from error
    return psycopg


def _is_lost(error: Exception) -> bool:
    """Tell whether the same question may be answered a moment later.

    The server went away (class 08, 57P0x, or no state at all), or, a replica, took back what was being read (40001).
    """
    state = getattr(error, "sqlstate", None)
    return state is None or state.startswith(("08", "57P0", "40001"))


def _close_all(connections: list[Connection]) -> None:
    for connection in connections:
        with contextlib.suppress(Exception):
            connection.close()
