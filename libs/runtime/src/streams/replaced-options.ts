import type { StreamConfig, StreamInfo } from "@nats-io/jetstream";
import { z } from "zod";
import { differences, type WantedStream } from "./stream-config.ts";

/** Metadata on a stream: by option, the values (as JSON) that processes with newer settings replaced, the latest last. */
const REPLACED = "ringback-replaced";

const replacedSchema = z.record(z.string(), z.array(z.string()));

type Replaced = z.infer<typeof replacedSchema>;

/** Of an option; an older one counts as never replaced. */
const MAX_REPLACED = 10;

/** An option that stays as a process with newer settings has set it. */
export type KeptOption = {
  readonly option: string;
  readonly wanted: unknown;
  readonly kept: unknown;
};

/** What to request of the server for a stream. */
export type StreamChange = {
  readonly target: WantedStream;
  readonly metadata: Readonly<Record<string, string>>;
  readonly kept: readonly KeptOption[];
};

/**
 * How to bring a stream to what this process wants. `hasNewSettings`: these are not the settings that it had at its last start.
 * Without new settings it sets no value that another process has replaced: it is one of those that a rollout has not reached,
 * and was started again. What people changed by hand was replaced by no process, and is set right (docs/adr/0033).
 */
export const changeOf = (
  wanted: WantedStream,
  { config }: StreamInfo,
  hasNewSettings: boolean,
): StreamChange => {
  const replaced = replacedOn(config);
  const found = differences(wanted, config);
  const isKept = ({ option, wanted: own }: (typeof found)[number]): boolean =>
    !hasNewSettings && replaced[option]?.includes(JSON.stringify(own)) === true;
  const kept = found
    .filter(isKept)
    .map(({ option, wanted: own, actual }) => ({ option, wanted: own, kept: actual }));
  const stays = Object.fromEntries(kept.map((one) => [one.option, one.kept]));
  const next: Replaced = { ...replaced };
  for (const one of found.filter((each) => !isKept(each))) {
    const own = JSON.stringify(one.wanted);
    const others = (next[one.option] ?? []).filter((value) => value !== own);
    next[one.option] = [...others, JSON.stringify(one.actual ?? null)].slice(-MAX_REPLACED);
  }
  const target = { ...wanted, ...stays } as WantedStream;
  return { target, metadata: { ...config.metadata, [REPLACED]: JSON.stringify(next) }, kept };
};

/** What is no record of ours counts as none. */
const replacedOn = ({ metadata }: StreamConfig): Replaced => {
  try {
    return replacedSchema.parse(JSON.parse(metadata?.[REPLACED] ?? "{}"));
  } catch {
    return {};
  }
};
