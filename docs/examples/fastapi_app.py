# pip install fastapi uvicorn; uvicorn fastapi_app:app --port 8000
import json
import logging
import os

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from handle_event import handle_event
from verify_webhook import WebhookError, verify_webhook

SECRET = os.environ["WEBHOOK_SECRET"]
log = logging.getLogger("uvicorn.error")
app = FastAPI()


@app.post("/calls")
async def calls(request: Request) -> Response:
    webhook_id = request.headers.get("webhook-id")
    body = await request.body()  # the raw body, whatever FastAPI makes of it elsewhere
    try:
        verify_webhook(SECRET, request.headers, body)
    except WebhookError as error:
        log.error("webhook refused %s: %s", webhook_id, error)
        return Response(str(error), 401)
    try:
        await run_in_threadpool(handle_event, webhook_id, json.loads(body))
    except Exception:
        log.exception("event not handled %s", webhook_id)
        return Response(status_code=500)  # Ringback sends it again
    return Response(status_code=200)
