"""How large a synthetic monorepo is."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 2
"""Of the generator: raise it with every change of what it writes, so that kept repositories are made again."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many images and files there are, and how many paths the branch ``many`` changes."""

    name: str
    images: int
    files: int
    many: int

    @property
    def bases(self) -> int:
        """Images that others start from."""
        return max(3, self.images // 200)

    @property
    def jobs(self) -> int:
        """Images that only ``discover`` finds."""
        return max(2, self.images // 10)

    @property
    def sites(self) -> int:
        """Images that, with all bases but one, do not read the core library."""
        return max(4, self.images // 100) - (self.bases - 1)

    @property
    def services(self) -> int:
        """All other images."""
        return self.images - self.bases - self.jobs - self.sites

    @property
    def libraries(self) -> int:
        """Libraries: one core, a tenth in the middle, the others leaves."""
        return max(5, self.images // 5)

    @property
    def image_files(self) -> int:
        """Files in the folder of one image."""
        return max(9, self.files * 4 // (10 * self.images))

    @property
    def library_files(self) -> int:
        """Files in the folder of one library."""
        return max(7, self.files // (10 * self.libraries))


SIZES = {
    each.name: each
    for each in (
        Size("XS", 12, 240, 60),
        Size("S", 50, 5_000, 1_000),
        Size("M", 500, 50_000, 10_000),
        Size("L", 2_000, 200_000, 10_000),
    )
}
"""XS is for tests; the budgets are for L."""
