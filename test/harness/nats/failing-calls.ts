import { errors } from "@nats-io/nats-core";
import type { Nats } from "@ringback/runtime/nats/connection";

/** `before`: the server never gets the request; `after`: it carries it out, and the reply is lost. */
export type Fault = "before" | "after";

/**
 * The same client, each of whose calls to the server may fail as with a server that does not reply. `faultOf`
 * gets the number of the call, from 1 on.
 */
export function withFailingCalls(nats: Nats, faultOf: (call: number) => Fault | undefined): Nats {
  let calls = 0;
  const wrap = <T extends object>(client: T, names: ReadonlySet<string>): T =>
    new Proxy(client, {
      get: (_, name) => {
        const member: unknown = Reflect.get(client, name, client);
        if (typeof member === "object" && member !== null && GROUPS.has(String(name))) {
          return wrap(member, names);
        }
        if (typeof member !== "function") return member;
        if (!names.has(String(name))) return member.bind(client);
        return (...args: unknown[]) => {
          calls += 1;
          const fault = faultOf(calls);
          if (fault === "before") throw new errors.TimeoutError();
          const result: unknown = Reflect.apply(member, client, args);
          if (fault === undefined && !(result instanceof Promise)) return result;
          return settled(result, fault);
        };
      },
    });
  const settled = async (result: unknown, fault: Fault | undefined): Promise<unknown> => {
    const reply = await result;
    if (fault === "after") throw new errors.TimeoutError();
    return isConsumer(reply) ? wrap(reply, CONSUMER_CALLS) : reply;
  };
  return { ...nats, js: wrap(nats.js, JETSTREAM_CALLS), jsm: wrap(nats.jsm, JETSTREAM_CALLS) };
}

/** What the client groups its calls in. */
const GROUPS = new Set(["streams", "consumers"]);

const JETSTREAM_CALLS = new Set(["publish", "info", "getMessage", "get"]);

const CONSUMER_CALLS = new Set(["info", "consume"]);

const isConsumer = (reply: unknown): reply is object =>
  typeof reply === "object" && reply !== null && "consume" in reply;
