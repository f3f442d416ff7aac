"""A small monorepo for the command line's tests; nothing in it needs a network."""

from __future__ import annotations

CONFIG = """\
version: 1
project: shop
images:
  base: {dockerfile: base/Dockerfile}
  api: {dockerfile: api/Dockerfile, context: .}
  web: {dockerfile: web/Dockerfile}
"""

FILES = {
    "build.yaml": CONFIG,
    "base/Dockerfile": "FROM scratch\nCOPY etc /etc\n",
    "base/etc/os": "shop\n",
    "api/Dockerfile": 'FROM shop/base\nCOPY libs/money api/main.py /app/\nCMD ["/app/main.py"]\n',
    "api/main.py": "print('api')\n",
    "libs/money/money.py": "VAT = 20\n",
    "libs/other/other.py": "\n",
    "web/Dockerfile": "FROM scratch\nCOPY . /srv\n",
    "web/.dockerignore": "*.md\n",
    "web/index.html": "<h1>shop</h1>\n",
    "web/notes.md": "private\n",
    "README.md": "a shop\n",
}
