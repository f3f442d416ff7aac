"""Ask the API on this machine whether it is well: ``python3 -m api.health``."""

import os
import sys
import urllib.request

try:
    with urllib.request.urlopen(f"http://127.0.0.1:{os.environ.get('API_PORT', '8080')}/health", timeout=1) as answer:
        sys.exit(0 if answer.status == 200 else 1)
except OSError as error:
    sys.exit(f"unhealthy: {error}")
