"""Verifies webhooks signed as Standard Webhooks 1.0 says: Python 3.8 or newer, nothing to install.

For secrets (whsec_...): Python's standard library has no Ed25519.
"""

import base64
import hashlib
import hmac
import time

TOLERANCE_SECONDS = 5 * 60


class WebhookError(Exception):
    """The request is not to be trusted: respond with 401. Any other error is the receiver's: 500."""


def verify_webhook(secret, headers, body, now=None):
    """Raises WebhookError unless the request was signed with this secret, lately.

    `headers` is a mapping whose names are in lower case, or that does not care (Flask's, Django's);
    `body` is the raw body as bytes.
    """
    if not isinstance(body, (bytes, bytearray)):
        raise TypeError("the raw body is needed, bytes: take it before anything parses it")
    webhook_id = headers.get("webhook-id")
    timestamp = headers.get("webhook-timestamp")
    signatures = headers.get("webhook-signature")
    if not webhook_id or not timestamp or not signatures:
        raise WebhookError("a webhook header is missing")
    # An old request that somebody recorded must not be accepted again.
    now = time.time() if now is None else now
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    if not is_number or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise WebhookError("the timestamp is too old or too new")
    if not secret.startswith("whsec_"):
        raise ValueError("the secret must begin with whsec_")
    key = base64.b64decode(secret[len("whsec_") :], validate=True)
    content = f"{webhook_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
    # While a secret is changed there is one signature for the old and one for the new. In constant
    # time: how long it takes must not tell how much of a guess was right.
    given = [signature.encode() for signature in signatures.split(" ")]
    if not any(hmac.compare_digest(signature, expected) for signature in given):
        raise WebhookError("no signature fits: not the raw body, or another secret")
