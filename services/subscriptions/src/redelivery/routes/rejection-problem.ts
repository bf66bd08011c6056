import { quoted, type Problem } from "../../http/problem.ts";
import type { Rejection } from "../deps.ts";
import { MAX_KEPT_JOBS, MAX_RUNNING_JOBS } from "../jobs/jobs.ts";

/** A rejection as a problem; `id` is that of the event or job in the path. */
export const rejectionProblem = (rejection: Rejection, id = ""): Problem => {
  switch (rejection.kind) {
    case "key_reused":
      return {
        code: "idempotency_key_reused",
        detail:
          "This Idempotency-Key was used for another request in the last 24 hours: take a new key for a new request.",
      };
    case "event_not_found": {
      const detail = `There is no event ${quoted(id)} in this workspace, or EVENTS keeps it no more.`;
      return { code: "event_not_found", detail };
    }
    case "event_invalid": {
      const detail = `Event ${id} cannot be delivered: ${rejection.message}.`;
      return { code: "event_not_deliverable", detail };
    }
    case "test_event": {
      const detail = `Event ${id} was a test: send a new test event instead.`;
      return { code: "event_not_deliverable", detail };
    }
    case "delivery_in_progress": {
      const detail = `An attempt to deliver event ${id} is under way, or is about to be: look what comes of it first.`;
      return { code: "delivery_in_progress", detail };
    }
    case "too_many_running": {
      const detail = `${rejection.running} redeliveries run in this workspace already, at most ${MAX_RUNNING_JOBS} may: wait for one to end, or stop it.`;
      return { code: "too_many_redeliveries", detail };
    }
    case "too_many_kept": {
      const detail = `This workspace has had ${rejection.kept} redeliveries in the last 30 days, at most ${MAX_KEPT_JOBS} are kept: ask for more events in each.`;
      return { code: "too_many_redeliveries", detail };
    }
    case "job_not_found": {
      const detail = `There is no redelivery ${quoted(id)} in this workspace.`;
      return { code: "redelivery_not_found", detail };
    }
    default:
      return rejection satisfies never;
  }
};
