import { watchFile, loggedAs } from "../settings/watched-file.ts";
import type { Logger } from "../telemetry/logger.ts";
import { readSealingKeys } from "./sealing-keys.ts";
import type { Sealer } from "@ringback/contracts/secrets/sealed-text";
import { keyRing } from "./sealing.ts";
import type { headerSecretSettings } from "../settings/delivery-settings.ts";
import type { Settings } from "../settings/settings.ts";

export type HeaderSealing = {
  /** Seals and opens with the current keys of the file. */
  readonly ring: Sealer;
  readonly stop: () => Promise<void>;
};

/** The keys file of the settings, watched for changes; no keys where the operator allowed that. */
export const openHeaderSealing = async (
  settings: Settings<typeof headerSecretSettings>,
  log: Logger,
): Promise<HeaderSealing> => {
  const path = settings.HEADER_ENCRYPTION_KEYS_FILE;
  if (path === undefined) {
    const detail =
      "header values and signing secrets are stored as they are: anyone who can read SUBSCRIPTIONS has them";
    log.info({ setting: "HEADER_ENCRYPTION_KEYS_FILE", detail }, "header_keys.plaintext");
    return { ring: keyRing([]), stop: async () => undefined };
  }
  const lines = loggedAs(log, "header_keys", path);
  const file = await watchFile({
    setting: "HEADER_ENCRYPTION_KEYS_FILE",
    path,
    read: (text) => {
      const read = readSealingKeys(text);
      if (read.kind === "invalid") return { kind: "broken", message: read.message };
      return { kind: "value", value: { ring: keyRing(read.entries), count: read.entries.length } };
    },
    onLoaded: ({ count }) => lines.loaded(count),
    onBroken: lines.broken,
  });
  const current = (): Sealer => file.current().ring;
  return {
    ring: {
      seal: (text, context) => current().seal(text, context),
      open: (stored, context) => current().open(stored, context),
      isCurrent: (stored) => current().isCurrent(stored),
    },
    stop: file.stop,
  };
};
