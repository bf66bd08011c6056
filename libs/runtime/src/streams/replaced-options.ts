import type { StreamConfig, StreamInfo } from "@nats-io/jetstream";
import { z } from "zod";
import { serverTimeIn } from "../nats/server-clock.ts";
import { differences, type WantedStream } from "./stream-config.ts";

/** Metadata on a stream: values that another process replaced, by option and value (as JSON), with the time in ms since 1970. */
const REPLACED = "ringback-replaced";

const replacedSchema = z.record(z.string(), z.record(z.string(), z.number()));

type Replaced = z.infer<typeof replacedSchema>;

/** A rollout of new settings takes no longer: afterwards no process with the old ones is left. */
export const ROLLOUT_MS = 15 * 60_000;

/** An option that stays as a process with newer settings has set it. */
export type KeptOption = {
  readonly option: string;
  readonly wanted: unknown;
  readonly kept: unknown;
  /** When this process may set its own value, in ms since 1970. */
  readonly untilMs: number;
};

/** What to request of the server for a stream. */
export type StreamChange = {
  readonly target: WantedStream;
  readonly metadata: Readonly<Record<string, string>>;
  readonly kept: readonly KeptOption[];
};

/**
 * How to bring a stream to what this process wants. A value that was replaced a short time ago is not set again: that
 * process has the settings of before a rollout, and was started again in the middle of it. Someone who takes a change
 * back gets the old value when the rollout's time is over.
 */
export const changeOf = (wanted: WantedStream, info: StreamInfo): StreamChange => {
  const { config } = info;
  const nowMs = serverTimeIn(info) ?? Date.now(); // the server's clock is the same for all processes
  const replaced = replacedOn(config, nowMs);
  const found = differences(wanted, config);
  const kept = found.flatMap(({ option, wanted: own, actual }) => {
    const atMs = replaced[option]?.[JSON.stringify(own)];
    return atMs === undefined
      ? []
      : [{ option, wanted: own, kept: actual, untilMs: atMs + ROLLOUT_MS }];
  });
  const stays = new Map(kept.map((one) => [one.option, one.kept]));
  const target = { ...wanted, ...Object.fromEntries(stays) } as WantedStream;
  const next: Replaced = { ...replaced };
  for (const { option, wanted: own, actual } of found) {
    if (stays.has(option)) continue;
    const { [JSON.stringify(own)]: _again, ...others } = next[option] ?? {};
    next[option] = { ...others, [JSON.stringify(actual ?? null)]: nowMs };
  }
  const metadata = { ...config.metadata, [REPLACED]: JSON.stringify(next) };
  return { target, metadata, kept };
};

/** Those of the last rollout; what is older, or no record of ours, counts as none. */
const replacedOn = ({ metadata }: StreamConfig, nowMs: number): Replaced =>
  Object.fromEntries(
    Object.entries(recordIn(metadata?.[REPLACED])).map(([option, values]) => {
      const recent = Object.entries(values).filter(([, atMs]) => nowMs - atMs < ROLLOUT_MS);
      return [option, Object.fromEntries(recent)];
    }),
  );

const recordIn = (text = "{}"): Replaced => {
  try {
    return replacedSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
};
