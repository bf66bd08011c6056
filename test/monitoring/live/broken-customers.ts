import { startReceiver } from "../../harness/receiver/receiver.ts";
import { status } from "../../harness/receiver/behaviour.ts";
import { refusing } from "./out-of-room.ts";
import { type Installation, type Scene, sceneOf, startInstallation } from "./scene.ts";

const WORKSPACES = Array.from({ length: 10 }, (_, n) => `w${n + 1}`);
const FAILING = 6;
const UNTOLD = 9_000;
const AT_ONCE = 300;

/** Endpoints that fail, addresses that are refused, messages that are no events, and streams that lose what they hold. */
export const customers = async (): Promise<Scene> => {
  const [at, receiver] = await Promise.all([
    startInstallation({
      workspaces: WORKSPACES,
      dispatcherEnv: { RETRY_DELAYS: "5s,20s", ALLOWED_PRIVATE_CIDRS: "127.0.0.1/32" },
    }),
    startReceiver(),
  ]);
  for (const workspaceId of WORKSPACES) {
    const url = workspaceId === "w10" ? "http://127.0.0.9:9/" : receiver.url(`/${workspaceId}`);
    await at.subscribe([{ event_type: "call_completed", callback_url: url }], { workspaceId });
  }
  // w10 has an address that is not public from the start of the failure on.
  at.keep(100, (n) => at.publish({ workspaceId: WORKSPACES[n % 9] ?? "w1", callId: `c${n}` }));
  const mends: (() => unknown)[] = [];
  return {
    ...sceneOf("customers", at, {
      fail: async () => {
        receiver.setScript(({ path }) => status(Number(path.slice(2)) <= FAILING ? 500 : 200));
        const blocked = at.keep(1_000, (n) => at.publish({ workspaceId: "w10", callId: `b${n}` }));
        const vanishing = at.keep(90_000, (n) => vanish(at, n));
        mends.push(
          await refusing(at, "OPERATIONS", { max_bytes: 1_000, discard: "new" }),
          blocked,
          vanishing,
        );
        await unreadable(at);
      },
      mend: async () => {
        receiver.setScript(status(200));
        for (const mend of mends) await mend();
      },
    }),
    stop: async () => {
      await at.stop();
      await receiver.stop();
    },
  };
};

/** In turn: retries that wait are gone, and then events whose retries wait. */
const vanish = (at: Installation, n: number): Promise<unknown> =>
  at.client.jsm.streams.purge(n % 2 === 0 ? "RETRIES" : "EVENTS");

/** More than a dispatcher keeps of what it cannot tell. */
const unreadable = async ({ client }: Installation): Promise<void> => {
  for (let n = 0; n < UNTOLD; n += AT_ONCE) {
    const ids = Array.from({ length: AT_ONCE }, (_, i) => `u${n + i}`);
    await Promise.all(
      ids.map((id) => client.js.publish(`events.w1.${id}.a1.call_completed`, "no event")),
    );
  }
};

/** Agents that are removed while their events go on. */
export const unwanted = async (): Promise<Scene> => {
  const [at, receiver] = await Promise.all([startInstallation(), startReceiver()]);
  const list = [{ event_type: "call_completed" as const, callback_url: receiver.url("/u") }];
  await at.subscribe(list);
  at.keep(200, (n) => at.publish({ callId: `c${n}` }));
  return {
    ...sceneOf("unwanted", at, {
      fail: () => at.unsubscribe(["call_completed"]),
      mend: () => at.subscribe(list),
    }),
    stop: async () => {
      await at.stop();
      await receiver.stop();
    },
  };
};

/** Endpoints that never answer take every place of a dispatcher. */
export const hanging = async (): Promise<Scene> => {
  const agents = Array.from({ length: 24 }, (_, n) => `h${n}`);
  const [at, ...receivers] = await Promise.all([
    startInstallation({ dispatcherEnv: { MAX_IN_FLIGHT: "16", RETRY_DELAYS: "1s" } }),
    ...agents.map(() => startReceiver()),
  ]);
  for (const [n, agentId] of agents.entries())
    await at.subscribe(
      [{ event_type: "call_completed", callback_url: receivers[n]?.url("/h") ?? "" }],
      { agentId },
    );
  at.keep(100, (n) => at.publish({ callId: `c${n}`, agentId: agents[n % agents.length] ?? "h0" }));
  return {
    ...sceneOf("hanging", at, {
      fail: async () => {
        for (const one of receivers) one.setScript({ kind: "hang" });
      },
      mend: async () => {
        for (const one of receivers) one.setScript(status(200));
      },
    }),
    stop: async () => {
      await at.stop();
      await Promise.all(receivers.map((one) => one.stop()));
    },
  };
};
