import { eventNotFound, type Problem } from "../../http/problem.ts";
import { quoted } from "../../http/decide/shown.ts";
import { KEY_REUSED } from "../../idempotency/request-key.ts";
import type { Rejection } from "../deps.ts";
import { MAX_KEPT_JOBS, MAX_RUNNING_JOBS } from "../jobs/jobs.ts";

/** A rejection as a problem; `id` is that of the event or job in the path, `keptMs` how long EVENTS keeps an event. */
export const rejectionProblem = (rejection: Rejection, id = "", keptMs = 0): Problem => {
  switch (rejection.kind) {
    case "key_reused":
      return KEY_REUSED;
    case "event_not_found":
      return eventNotFound(id, keptMs);
    case "event_invalid":
      return notDeliverable(`Event ${id} cannot be delivered: ${rejection.message}.`);
    case "test_event":
      return notDeliverable(`Event ${id} was a test: send a new test event instead.`);
    case "delivery_in_progress": {
      const detail = `An attempt to deliver event ${id} is under way, or is about to be: look what comes of it first.`;
      return { code: "delivery_in_progress", detail };
    }
    case "endpoints_not_found":
      return {
        code: "endpoint_not_found",
        detail: `There is no ${endpointsText(rejection.named)} in this workspace: nothing was started.`,
      };
    case "endpoints_disabled":
      return {
        code: "endpoint_disabled",
        detail: `Disabled is ${endpointsText(rejection.named)}: nothing was started. POST …/enable switches an endpoint on.`,
      };
    case "dispatchers_outdated":
      return DISPATCHERS_OUTDATED;
    case "too_many_running":
      return tooMany(
        `${rejection.running} redeliveries run in this workspace already, at most ${MAX_RUNNING_JOBS} may: wait for one to end, or stop it.`,
      );
    case "too_many_kept":
      return tooMany(
        `This workspace has had ${rejection.kept} redeliveries in the last 30 days, at most ${MAX_KEPT_JOBS} are kept: ask for more events in each.`,
      );
    case "job_not_found": {
      const detail = `There is no redelivery ${quoted(id)} in this workspace.`;
      return { code: "redelivery_not_found", detail };
    }
    default:
      return rejection satisfies never;
  }
};

/** So many names say enough. */
const MAX_NAMED = 10;

const endpointsText = (named: readonly string[]): string => {
  const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : "";
  return `endpoint ${named.slice(0, MAX_NAMED).map(quoted).join(", ")}${more}`;
};

/** While a dispatcher of a version without endpoints runs, deliveries to endpoints cannot begin. */
export const DISPATCHERS_OUTDATED: Problem = {
  code: "dispatchers_outdated",
  detail:
    "A dispatcher of a version without endpoints still runs, which would send it to an agent's subscription: nothing was sent.",
};

const notDeliverable = (detail: string): Problem => ({ code: "event_not_deliverable", detail });

const tooMany = (detail: string): Problem => ({ code: "too_many_redeliveries", detail });
