import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import humanize


class Sizes(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"size": humanize.naturalsize(4096), "user": os.getuid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8000), Sizes).serve_forever()
