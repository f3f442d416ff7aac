"""The history of a repository: the builds that took place, one row each, in an SQLite file in its state folder.

It says how long builds take. It never decides whether an image is built, so nothing that is wrong with it is an error:
a damaged row is passed over, a damaged file is set aside with a warning, and where the file cannot be written to, or
comes from a newer mbuild, it is left alone. Several runs may write at once (WAL, https://sqlite.org/wal.html).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mbuild.errors import Problem, printable
from mbuild.store.builds import Build, from_row, to_row
from mbuild.store.place import make_own

if TYPE_CHECKING:
    import sqlite3

NAME = "history.db"
ASIDE = "history-damaged.db"
FORMAT = 1
KEPT = 10
"""How many builds of an image are kept."""
MOST_ROWS = 50_000
"""How many rows there are at most, those of images that are gone included: some 15 MB."""
BUSY_SECONDS = 2.0

_COLUMNS = "image, fingerprint, result, seconds, context_bytes, at, checksum"
_CREATE = f"""
CREATE TABLE builds (id INTEGER PRIMARY KEY, image TEXT, fingerprint TEXT, result TEXT, seconds REAL,
                     context_bytes INTEGER, at INTEGER, checksum TEXT);
CREATE INDEX builds_by_image ON builds (image, id);
PRAGMA user_version = {FORMAT};
"""
_FORGET_OLD = """DELETE FROM builds WHERE image = ? AND id NOT IN
(SELECT id FROM builds WHERE image = ? ORDER BY id DESC LIMIT ?)"""
_FORGET_MOST = "DELETE FROM builds WHERE id NOT IN (SELECT id FROM builds ORDER BY id DESC LIMIT ?)"

Warn = Callable[[Problem], None]


class History:
    """The builds of one repository. Not for use by several threads."""

    def __init__(self, folder: Path, warn: Warn) -> None:
        """Take the state folder of the repository. Nothing is opened or made before it is needed.

        warn: is told once what is wrong with the file.
        """
        self.path = folder / NAME
        self._warn = warn
        self._usable = True
        self._writer: sqlite3.Connection | None = None

    def latest(self, images: Iterable[str]) -> Mapping[str, tuple[Build, ...]]:
        """Return the last builds of these images, newest first; an image without any is left out."""
        found: dict[str, tuple[Build, ...]] = {}
        self._minding(lambda: found.update(self._read(images)))
        return found

    def add(self, build: Build) -> None:
        """Remember a build that ended."""
        if not self._minding(lambda: self._put(build)):
            self._minding(lambda: self._put(build))  # a damaged file is out of the way now

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._minding(self._writer.close)
        self._writer = None

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, build: Build) -> None:
        if self._usable:
            self._writer = self._writer or self._open()
            with _transaction(self._writer) as connection:
                row = to_row(build)
                connection.execute(f"INSERT INTO builds ({_COLUMNS}) VALUES ({','.join('?' * len(row))})", row)  # noqa: S608
                connection.execute(_FORGET_OLD, (build.image, build.image, KEPT))

    def _read(self, images: Iterable[str]) -> Iterator[tuple[str, tuple[Build, ...]]]:
        if self._usable and self.path.exists():
            with contextlib.closing(self._reader()) as connection:
                for image in images:
                    if builds := tuple(_of_image(connection, image)):
                        yield image, builds

    def _reader(self) -> sqlite3.Connection:
        try:
            return self._checked(self._connect("mode=ro"))
        except _errors() as error:
            # A file in WAL mode cannot be read where its companions cannot be made, unless nobody writes to it.
            if (
                _code(error) not in ("SQLITE_CANTOPEN", "SQLITE_READONLY")
                or self.path.with_name(f"{NAME}-wal").exists()
            ):
                raise
        return self._checked(self._connect("mode=ro&immutable=1"))

    def _open(self) -> sqlite3.Connection:
        make_own(self.path.parent)
        with _open_if_sound(self._connect("mode=rwc")) as connection:
            with contextlib.suppress(*_errors()):  # another process is just doing it, or the file system cannot
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            with _transaction(connection):
                if _version(connection) == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchall():
                    for statement in _CREATE.strip().split(";\n"):
                        connection.execute(statement)
            self._checked(connection)
            with _transaction(connection):
                connection.execute(_FORGET_MOST, (MOST_ROWS,))
        return connection

    def _connect(self, query: str) -> sqlite3.Connection:
        import sqlite3
        from urllib.parse import quote

        uri = f"file:{quote(bytes(self.path.absolute()))}?{query}"
        connection = sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
        with _open_if_sound(connection):
            connection.text_factory = bytes
            connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def _checked(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Return the connection to a file of this format. Raises _NewerError, or an error that means damage."""
        with _open_if_sound(connection):
            version = _version(connection)
            if version > FORMAT:
                raise _NewerError
            if version != FORMAT:
                raise _DamagedError(f"format {version}")
        return connection

    def _minding(self, action: Callable[[], object]) -> bool:
        """Do something with the file; whatever is wrong with that becomes a warning. Returns whether it was done."""
        seen = _identity(self.path)
        try:
            action()
        except _NewerError:
            self._leave("it was written by a newer mbuild")
        except OSError as error:
            self._leave(error.strerror or str(error))
        except _errors() as error:
            if _means_damage(error):
                self._set_aside(str(error), seen)
            else:
                self._leave(str(error))
        else:
            return True
        return False

    def _leave(self, why: str) -> None:
        if self._usable:
            self._warn(Problem(f"the history of builds is not used: {printable(str(self.path))}: {why}"))
        self._usable = False

    def _set_aside(self, why: str, seen: tuple[int, int] | None) -> None:
        if self._writer is not None:
            with contextlib.suppress(*_errors()):
                self._writer.close()
            self._writer = None
        if seen is None or _identity(self.path) != seen:
            return  # another run has done it meanwhile
        aside = self.path.with_name(ASIDE)
        try:
            # The journal goes first: beside a new file, an old one would be taken for its own.
            for suffix in ("-wal", "-shm", ""):
                with contextlib.suppress(FileNotFoundError):
                    self.path.with_name(f"{NAME}{suffix}").replace(f"{aside}{suffix}")
        except OSError:
            self._leave(f"it is damaged ({why})")
            return
        self._warn(
            Problem(
                f"the history of builds is damaged ({why}) and begins anew; the old file is {printable(str(aside))}"
            )
        )


class _NewerError(Exception):
    """The file has a format that this mbuild does not know."""


class _DamagedError(Exception):
    """The file is no history."""


# https://sqlite.org/rescode.html: what is wrong with the content, SQLITE_ERROR standing for a table that is not there.
_DAMAGE = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_FORMAT", "SQLITE_MISMATCH"})


def _errors() -> tuple[type[Exception], ...]:
    import sqlite3

    return (sqlite3.Error, _DamagedError)


def _means_damage(error: BaseException) -> bool:
    return isinstance(error, _DamagedError) or _code(error) in _DAMAGE


def _code(error: BaseException) -> str:
    """Return the primary result code: an extended one has it as its beginning, SQLITE_READONLY_DIRECTORY for one."""
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextlib.contextmanager
def _open_if_sound(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Close a connection with which something goes wrong."""
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        with contextlib.suppress(*_errors()):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _of_image(connection: sqlite3.Connection, image: str) -> Iterator[Build]:
    query = f"SELECT {_COLUMNS} FROM builds WHERE image = ? ORDER BY id DESC LIMIT ?"  # noqa: S608 - constants
    for row in connection.execute(query, (image, KEPT)):
        build = from_row(row)
        if build is not None and build.image == image:
            yield build


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
