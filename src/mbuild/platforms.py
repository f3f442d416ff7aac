"""Platforms: their grammar and normal form (containerd/platforms, ``platforms.go`` and ``database.go``). Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from mbuild.expressions import expression
from mbuild.references import NameProblem, quoted

_OS_NAMES = {"macos": "darwin"}
_FIXED_ARCHES = {"i386": ("386", ""), "armhf": ("arm", "v7"), "armel": ("arm", "v6")}
_ARCH_NAMES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
_MACHINES = (
    (expression("i[3-6]86"), "386"),
    (expression("armv([56]).*"), r"arm/v\1"),
    (expression("arm(v[78].*)?"), "arm/v7"),
    (expression("loongarch64"), "loong64"),
)
"""What Linux calls machines (uname(2)) → Docker's names, where these are not those of containerd/platforms, too."""
_VARIANTS = {
    "amd64": {"v1": ""},
    "arm64": {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"},
    "arm": {"": "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"},
}
_KNOWN_ARCHES = frozenset(
    re.findall(
        r"\w+",
        "386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc "
        "ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm",
    )
)
_KNOWN_OSES = frozenset(
    re.findall(
        r"\w+",
        "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos",
    )
)
_OS = r"[A-Za-z0-9_-]+(?:\([A-Za-z0-9_.%-]*(?:\+[A-Za-z0-9_.%-]+)*\))?"


@lru_cache(maxsize=1024)
def parse_platform(text: str, native_arch: str = "") -> tuple[str, str, str]:
    """Return (os, arch, variant), normalised: ``linux/aarch64`` is ``("linux", "arm64", "")``.

    A version stays with its system, as in ``windows(10.0.17763)/amd64``. An architecture alone is one of Linux, where
    BuildKit runs; a system alone has the architecture ``native_arch``, if given. Raises NameProblem when it is no
    platform.
    """
    parts = text.split("/")
    if len(parts) == 1 and _arch(text.lower(), "")[0] in _KNOWN_ARCHES:
        parts = ["linux", text]
    elif len(parts) == 1 and native_arch and _os(text).partition("(")[0] in _KNOWN_OSES:
        parts = [text, native_arch]
    if not 2 <= len(parts) <= 3 or not re.fullmatch(rf"{_OS}(?:/[A-Za-z0-9_.-]+)+", "/".join(parts)):
        raise NameProblem(f"{quoted(text)} is no platform: OS/ARCH[/VARIANT] is, as in linux/arm64")
    arch, *variant = (part.lower() for part in parts[1:])
    return (_os(parts[0]), *_arch(arch, "".join(variant)))


def _os(text: str) -> str:
    name, bracket, version = text.partition("(")
    return _OS_NAMES.get(name.lower(), name.lower()) + bracket + version


def _arch(arch: str, variant: str) -> tuple[str, str]:
    """Return the normalised architecture and variant (``normalizeArch`` of containerd/platforms)."""
    if arch in _FIXED_ARCHES:
        return _FIXED_ARCHES[arch]
    arch = _ARCH_NAMES.get(arch, arch)
    return arch, _VARIANTS.get(arch, {}).get(variant, variant)


def platform(text: str) -> str:
    """Check a platform and return it normalised, as in ``linux/arm/v7``."""
    return "/".join(part for part in parse_platform(text) if part)


def of_machine(name: str) -> str:
    """Return the platform of a machine that runs Linux, normalised. name: as in ``uname --machine``; "" is amd64."""
    known = (pattern.sub(arch, name.lower()) for pattern, arch in _MACHINES if pattern.fullmatch(name.lower()))
    return platform(f"linux/{next(known, name.lower() or 'amd64')}")
