"""The embedded ``oci`` builder behind the builder protocol: no daemon, an OCI image layout as its store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mbuild.builders.protocol import BuildRequest, BuildResult, Cancel
from mbuild.context.source import ContextSource
from mbuild.dockerfile.model import Platform
from mbuild.errors import Problem
from mbuild.events import Emit, Step
from mbuild.names import parse_platform
from mbuild.tree import Entry, decode
