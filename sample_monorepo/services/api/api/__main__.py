"""Serve the API: ``python3 -m api``."""

import logging
import os
from http.server import ThreadingHTTPServer

from api.handler import Handler

port = int(os.environ.get("API_PORT", "8080"))
logging.getLogger("api").info("listening on port %d", port)
try:
    ThreadingHTTPServer(("", port), Handler).serve_forever()
except KeyboardInterrupt:
    logging.getLogger("api").info("stopped")
