"""Stores each event once, before the response; does the work after it."""

import json
import logging
import os
import sqlite3
from contextlib import closing

PATH = os.environ.get("EVENTS_DB", "events.db")
CREATE = """CREATE TABLE IF NOT EXISTS webhook_events (
  webhook_id TEXT PRIMARY KEY, -- the same at every attempt: the unique key
  event TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT 0 -- 0: the work is still to be done
)"""


def open_db():
    db = sqlite3.connect(PATH, isolation_level=None)
    db.execute(CREATE)
    return closing(db)


def handle_event(webhook_id, event):
    """Raises if the event could not be stored. Then respond with 500, and Ringback sends it again."""
    with open_db() as db:
        db.execute(
            "INSERT INTO webhook_events (webhook_id, event) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (webhook_id, json.dumps(event)),
        )


def work_off(work):
    """Does the work that is not done. Call it again a second after it ends: what fails is tried again."""
    with open_db() as db:
        due = db.execute("SELECT webhook_id, event FROM webhook_events WHERE done = 0").fetchall()
        for webhook_id, event in due:
            try:
                work(webhook_id, json.loads(event))
                db.execute("UPDATE webhook_events SET done = 1 WHERE webhook_id = ?", [webhook_id])
            except Exception:
                logging.exception("not done, to be tried again %s", webhook_id)
