"""Archives and layers as files one can seek in: decompressed into a temporary file once content is asked for."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, TypeVar, cast

from mbuild.builders.oci.blobs import temporary
from mbuild.builders.oci.nodes import FileSystemError
from mbuild.errors import EnvironmentFault

if TYPE_CHECKING:
    from lzma import LZMADecompressor

Result = TypeVar("Result")

CHUNK = 1 << 18
MAX_HEADER = 1 << 20
XZ_MEMORY = 256 << 20

GZIP, BZIP2, XZ = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00"
ZSTD, ZSTD_SKIPPABLE = b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18"


def decompressed(raw: BinaryIO) -> BinaryIO:
    """Return what is inside gzip, bzip2 or xz; anything else as it is (go-archive ``compression_detect.go``).

    ``raw`` must outlive it. Raises EnvironmentFault for zstd, which Python reads from 3.14 on only.
    """
    buffered = io.BufferedReader(cast("io.RawIOBase", raw), CHUNK)
    head, stream = buffered.peek(10)[:10], cast("BinaryIO", buffered)
    if head.startswith(GZIP):
        import gzip

        return cast("BinaryIO", gzip.GzipFile(fileobj=stream, mode="rb"))
    if head.startswith(BZIP2):
        import bz2

        return cast("BinaryIO", bz2.BZ2File(stream))
    if head.startswith(XZ):
        return cast("BinaryIO", io.BufferedReader(_Xz(stream), CHUNK))
    if head.startswith(ZSTD) or (head[1:4] == ZSTD_SKIPPABLE and head[0] >> 4 == 5):
        return _zstd(stream)
    return stream


def guarded(step: Callable[[], Result]) -> Result:
    """Do something that reads an archive; a broken one is a FileSystemError, whatever is raised."""
    import lzma
    import tarfile
    import zlib

    try:
        return step()
    except (tarfile.TarError, EOFError, OSError, ValueError, ArithmeticError, zlib.error, lzma.LZMAError) as error:
        raise FileSystemError(f"the archive is broken: {error}") from error


def _zstd(stream: BinaryIO) -> BinaryIO:
    import importlib

    try:
        module = importlib.import_module("compression.zstd")
    except ImportError as error:
        raise EnvironmentFault(
            "this Python cannot read zstd", "use Python 3.14 or later, or compress with gzip, or use --builder buildx"
        ) from error
    return cast("BinaryIO", module.ZstdFile(stream))


class _Xz(io.RawIOBase):
    """An xz stream with a bound on the memory that its header may ask for."""

    def __init__(self, raw: BinaryIO) -> None:
        import lzma

        self._raw = raw
        self._new = functools.partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, memlimit=XZ_MEMORY)
        self._decoder: LZMADecompressor = self._new()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = b""
        while not data:
            if self._decoder.eof:
                rest = self._decoder.unused_data.lstrip(b"\0") or self._raw.read(CHUNK).lstrip(b"\0")
                if not rest:
                    return 0
                self._decoder = self._new()
            elif self._decoder.needs_input:
                rest = self._raw.read(CHUNK)
                if not rest:
                    raise EOFError("the xz stream ends early")
            else:
                rest = b""
            data = self._decoder.decompress(rest, len(view))
        view[: len(data)] = data
        return len(data)


class Forward(io.RawIOBase):
    """A stream that ``tarfile`` may seek forward in, and of which it may read a megabyte for each member.

    It keeps what it reads: of headers, since content is skipped. Some versions read a long header piece by piece.
    """

    def __init__(self, stream: BinaryIO, tick: Callable[[], None]) -> None:
        """Wrap a stream at its start; ``tick`` is called now and then and raises to stop."""
        self._stream = stream
        self._tick = tick
        self._at = 0
        self._left = MAX_HEADER

    def begin(self) -> None:
        """Say that the headers of another member follow."""
        self._left = MAX_HEADER

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell ``tarfile`` that it may skip."""
        return True

    def tell(self) -> int:
        """Return the number of bytes behind."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read exactly ``size`` bytes, fewer only at the end."""
        if not 0 <= size <= self._left:
            raise FileSystemError("the headers of one member of the archive are larger than a megabyte")
        self._left -= size
        data = self._stream.read(size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Skip forward to an offset from the start."""
        if whence or offset < self._at:
            raise OSError("cannot seek backwards")
        while self._at < offset:
            self._tick()
            data = self._stream.read(min(CHUNK, offset - self._at))
            if not data:
                break
            self._at += len(data)
        return self._at


class Spool:
    """The decompressed form of an archive, written to a temporary file the first time a piece of it is opened."""

    def __init__(self, open_raw: Callable[[], BinaryIO], scratch: Path, tick: Callable[[], None]) -> None:
        """Remember how to open the archive and where temporary files go."""
        self._open_raw = open_raw
        self._scratch = scratch
        self._tick = tick
        self._file: IO[bytes] | None = None

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        """Open a new stream over the decompressed archive, from its start."""
        with self._open_raw() as raw:
            yield decompressed(raw)

    def opener(self, offset: int, size: int) -> Callable[[], BinaryIO]:
        """Return what opens the piece of ``size`` bytes at ``offset``."""
        return lambda: cast("BinaryIO", io.BufferedReader(_Piece(self._spooled(), offset, size), CHUNK))

    def close(self) -> None:
        """Give the disk space back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _spooled(self) -> int:
        if self._file is None:
            file = temporary(self._scratch)
            # Without a name at once: nothing is left behind, however this process ends.
            Path(file.name).unlink()
            try:
                with self.stream() as stream:
                    while chunk := guarded(functools.partial(stream.read, CHUNK)):
                        self._tick()
                        file.write(chunk)
                file.flush()
            except BaseException:
                file.close()
                raise
            self._file = file
        return self._file.fileno()


class _Piece(io.RawIOBase):
    """A part of an open file, read by position so that several can be read at once."""

    def __init__(self, fd: int, offset: int, size: int) -> None:
        self._fd, self._start, self._size, self._at = fd, offset, size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        import os

        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = os.pread(self._fd, min(len(view), self._size - self._at), self._start + self._at)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
