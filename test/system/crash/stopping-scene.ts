import type { Behaviour, Script } from "../../harness/receiver/behaviour.ts";
import { startPlatform, type Platform } from "../../harness/process/platform.ts";
import { startReceiver, type Receiver } from "../../harness/receiver/receiver.ts";
import type { ServiceProcess } from "../../harness/process/service-process.ts";
import { crashEnv, STOPPED, type Stop } from "./crash-point.ts";

/** A platform whose dispatcher stops deliveries at the points that a test names, and a receiver. */
export type StoppingScene = {
  readonly platform: Platform;
  readonly receiver: Receiver;
  /** The dispatcher that stops. */
  readonly dispatcher: ServiceProcess;
  /** Publishes a call of an agent with the call's id, subscribed to this path of the receiver. */
  readonly publish: (callId: string, path?: string) => ReturnType<Platform["publish"]>;
  /** Waits until the deliveries of these calls have stopped. */
  readonly stopped: (...callIds: readonly string[]) => Promise<void>;
  /** Starts a dispatcher that stops nowhere. */
  readonly startAnother: () => Promise<ServiceProcess>;
  readonly stop: () => Promise<void>;
};

export const startStoppingScene = async (
  stops: readonly Stop[],
  script: Script | Behaviour,
  dispatcherEnv: Readonly<Record<string, string>>,
): Promise<StoppingScene> => {
  const [platform, receiver] = await Promise.all([
    startPlatform({
      dispatcherEntry: "test/system/crash/dispatcher-that-dies.ts",
      dispatcherEnv: { ...dispatcherEnv, ...crashEnv({ stops, deed: { kind: "wait" } }) },
    }),
    startReceiver(script),
  ]);
  const dispatcher = platform.dispatchers[0]!;
  return {
    platform,
    receiver,
    dispatcher,
    publish: async (callId, path = `/${callId}`) => {
      const callback_url = receiver.url(path);
      await platform.subscribe([{ event_type: "call_completed", callback_url }], {
        agentId: callId,
      });
      return platform.publish({ callId, agentId: callId });
    },
    stopped: async (...callIds) => {
      for (const callId of callIds) {
        await dispatcher.waitForLog((l) => l["msg"] === STOPPED && l["call_id"] === callId);
      }
    },
    startAnother: async () => {
      const another = await platform.startDispatcher({}, "services/dispatcher/src/main.ts");
      platform.dispatchers.push(another);
      return another;
    },
    stop: async () => {
      await Promise.all([platform.stop(), receiver.stop()]);
    },
  };
};
