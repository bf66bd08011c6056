import { slipsOf } from "@ringback/contracts/likeness";
import type { Logger } from "../telemetry/logger.ts";

/** A variable that is no setting, though its name is like one. */
export type UnknownSetting = { readonly name: string; readonly meant: string };

/** Shorter names are like too many others. */
const MIN_CHARACTERS = 6;

/** One character of so many may be wrong. */
const CHARACTERS_PER_SLIP = 5;

/**
 * Variables of the environment that somebody may have taken for settings. An environment has many others, which
 * Kubernetes, a shell or a library set: only a name counts that is like that of a setting that is not set, or the same but for
 * underscores.
 */
export const unknownSettings = (
  settings: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): readonly UnknownSetting[] => {
  const isSet = (name: string): boolean => (environment[name] ?? "") !== "";
  const known = new Set(settings);
  const byBareName = new Map(settings.map((name) => [bareNameOf(name), name]));
  return Object.keys(environment).flatMap((name) => {
    if (known.has(name) || name.length < MIN_CHARACTERS || !isSet(name)) return [];
    const bare = bareNameOf(name);
    const same = byBareName.get(bare);
    if (same !== undefined) return [{ name, meant: same }];
    const slips = slipsOf(bare, [...byBareName.keys()], bare.length / CHARACTERS_PER_SLIP);
    const meant = byBareName.get(slips[0] ?? "");
    return meant === undefined || isSet(meant) ? [] : [{ name, meant }];
  });
};

/** `MAX_INFLIGHT` and `max-in-flight` are one word to a person. */
const bareNameOf = (name: string): string => name.replaceAll("_", "").toUpperCase();

/** In one form for the log and for the message of a start that fails. */
export const unknownSettingText = ({ name, meant }: UnknownSetting): string =>
  `${name}: is not a setting, and nothing reads it: ${meant} is one`;

/** Says so once, when a service starts. */
export const warnOfUnknownSettings = (log: Logger, unknown: readonly UnknownSetting[]): void => {
  for (const one of unknown) {
    log.warn({ setting: one.name, meant: one.meant }, "settings.unknown");
  }
};
