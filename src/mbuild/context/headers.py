"""Headers of tar archives in GNU format, packed by hand: ``tarfile`` spends most of its time on them. Pure.

Format: GNU tar manual, "Basic Tar Format" (``oldgnu_header``), and its long names (types ``L`` and ``K``). PAX is not
used: engines look at the first 512 bytes alone to tell a tar from a Dockerfile, and a PAX header there hides the first
member. A record of a long name would do the same, so no archive may start with one: see ``is_plain``.
"""

from __future__ import annotations

BLOCK = 512
END = bytes(2 * BLOCK)

FILE, LINK, FOLDER = b"0", b"2", b"5"
_LONG_NAME, _LONG_TARGET = b"L", b"K"
_LONGEST = 100
_OCTAL_LIMIT = 8**11

_OWNER = b"0000000\0" * 2
_MAGIC = b"ustar  \0"
_REST = bytes(BLOCK - 265)
_BLANKS = 8 * 32
"""The checksum is the sum of all bytes of the block; its own eight count as blanks."""


class Headers:
    """Makes headers with one mtime: seconds since 1970, cut to what the field holds."""

    def __init__(self, epoch: int) -> None:
        """Take the mtime of all members."""
        self._mtime = b"%011o\0" % min(max(0, epoch), _OCTAL_LIMIT - 1)
        self._never = b"%011o\0" % 0
        self._files = {mode: self._file_parts(mode) for mode in (0o644, 0o755)}

    def file(self, name: bytes, size: int, mode: int) -> bytes:
        """Return the header of a file of ``size`` bytes, which must follow, padded to blocks. mode: 0644 or 0755.

        Files are nearly all there is, so this does what ``_pack`` does with all that is the same in them done before.
        """
        before, after, sum_of_parts = self._files[mode]
        short, number = name[:_LONGEST], _number(size)
        checksum = sum_of_parts + sum(short) + sum(number)
        header = b"%b%b%b%b%06o\0 %b" % (short.ljust(_LONGEST, b"\0"), before, number, self._mtime, checksum, after)
        return header if len(name) <= _LONGEST else self._long(_LONG_NAME, name) + header

    def _file_parts(self, mode: int) -> tuple[bytes, bytes, int]:
        """Return what stands before the size and behind the checksum, and the sum of all that files share."""
        before, after = b"%07o\0" % mode + _OWNER, FILE + bytes(_LONGEST) + _MAGIC + _REST
        return before, after, sum(before) + sum(self._mtime) + sum(after) + _BLANKS

    def folder(self, name: bytes) -> bytes:
        """Return the header of a folder; ``name`` without a slash at its end."""
        name += b"/"
        return self._named(name) + self._pack(name, b"0000755\0", 0, FOLDER, b"", self._mtime)

    def link(self, name: bytes, target: bytes) -> bytes:
        """Return the header of a symbolic link."""
        before = self._long(_LONG_TARGET, target) if len(target) > _LONGEST else b""
        header = self._pack(name, b"0000777\0", 0, LINK, target[:_LONGEST], self._mtime)
        return before + self._named(name) + header

    def _named(self, name: bytes) -> bytes:
        return self._long(_LONG_NAME, name) if len(name) > _LONGEST else b""

    def _long(self, kind: bytes, text: bytes) -> bytes:
        """Return a record that gives the next member a long name or target, ended by a NUL."""
        header = self._pack(b"././@LongLink", b"0000644\0", len(text) + 1, kind, b"", self._never)
        return header + text + b"\0" * (1 + padding(len(text) + 1))

    def _pack(self, name: bytes, mode: bytes, size: int, kind: bytes, target: bytes, mtime: bytes) -> bytes:
        start = name[:_LONGEST].ljust(_LONGEST, b"\0") + mode + _OWNER + _number(size) + mtime
        end = kind + target.ljust(_LONGEST, b"\0") + _MAGIC
        checksum = sum(start) + sum(end) + _BLANKS
        return b"%b%06o\0 %b%b" % (start, checksum, end, _REST)


def is_plain(header: bytes) -> bool:
    """Whether the first block of a header is the member's own, and no record of a long name or target."""
    return header[156:157] not in (_LONG_NAME, _LONG_TARGET)


def padding(size: int) -> int:
    """Return the bytes that fill the last block."""
    return -size % BLOCK


def _number(size: int) -> bytes:
    """Return a size as twelve bytes: octal digits, or from 8 GiB on base 256 with the first bit set."""
    return b"%011o\0" % size if size < _OCTAL_LIMIT else b"\x80" + size.to_bytes(11, "big")
