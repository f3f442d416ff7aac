"""A tar that is written while it is sent."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from mbuild.context.source import ContextSource
from mbuild.context.tar import write_tar


class Pipe:
    """Turns the pushing tar writer into the pulled chunks that requests wants; at most a few chunks are in memory."""

    def __init__(self, source: ContextSource, epoch: int, extra: tuple[tuple[str, bytes], ...] = ()) -> None:
        """Prepare a tar; nothing is read before ``chunks``."""
        self.error: BaseException | None = None
        self.sent = 0
        self._source, self._epoch = source, epoch
        self._extra = extra
        self._queue: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        self._stopped = threading.Event()

    def chunks(self) -> Iterator[bytes]:
        """Yield the tar."""
        threading.Thread(target=self._fill, daemon=True).start()
        try:
            while (chunk := self._queue.get()) is not None:
                self.sent += len(chunk)
                yield chunk
            if self.error is not None:
                raise self.error  # a broken request: without its end the tar must not be taken for whole
        finally:
            self._stopped.set()

    def _fill(self) -> None:
        try:
            write_tar(self._source, self._put, epoch=self._epoch, extra=self._extra)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that sends
            self.error = error
        self._offer(None)

    def _put(self, data: bytes | memoryview) -> None:
        if not self._offer(bytes(data)):
            raise BrokenPipeError

    def _offer(self, item: bytes | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False
