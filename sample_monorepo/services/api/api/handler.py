"""HTTP: GET /health, GET /version, POST /orders."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import events

from api.orders import priced

VERSION = Path("VERSION")


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, {"status": "ok"})
        elif self.path == "/version":
            self._answer(200, {"version": VERSION.read_text().strip() if VERSION.is_file() else "unknown"})
        else:
            self._answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        if self.path != "/orders":
            self._answer(404, {"error": "not found"})
            return
        try:
            order = priced(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0)))))
        except ValueError as error:
            self._answer(400, {"error": str(error)})
            return
        self._answer(201, {"id": events.publish("order", order), "total_minor": order["total_minor"]})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
