# Python 3.8 or newer, nothing to install
import json
import logging
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from handle_event import handle_event
from verify_webhook import WebhookError, verify_webhook

SECRET = os.environ["WEBHOOK_SECRET"]


class Calls(BaseHTTPRequestHandler):
    def do_POST(self):
        webhook_id = self.headers.get("webhook-id")
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, text = 200, ""
        try:
            verify_webhook(SECRET, self.headers, body)
            handle_event(webhook_id, json.loads(body))
        except WebhookError as error:
            logging.error("webhook refused %s: %s", webhook_id, error)
            status, text = 401, str(error)
        except Exception:
            logging.exception("event not handled %s", webhook_id)
            status = 500  # Ringback sends it again
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8000"))), Calls).serve_forever()
