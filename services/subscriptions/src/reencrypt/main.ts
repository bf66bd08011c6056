import { createLogger } from "@ringback/runtime/telemetry/logger";
import { closeNats, connectNats } from "@ringback/runtime/nats/connection";
import { failAtStart, stopGracefully } from "@ringback/runtime/process/process";
import { openHeaderSealing } from "@ringback/runtime/secrets/sealed-headers";
import { headerSecretSettings } from "@ringback/runtime/settings/delivery-settings";
import { parseSettings, SettingsError } from "@ringback/runtime/settings/parse-settings";
import { COMMON_SECRETS, commonSettings } from "@ringback/runtime/settings/settings";
import { natsCertificateRule } from "@ringback/runtime/settings/settings-rules";
import manifest from "../../package.json" with { type: "json" };
import { reencryptAll } from "./reencrypt.ts";

const STOP_GRACE_MS = 20_000;

/** Seals all secrets with the first key; exits with 1 when some remain under another key. */
const main = async (): Promise<void> => {
  const settings = parseSettings(
    { ...commonSettings, ...headerSecretSettings },
    process.env,
    COMMON_SECRETS,
    [natsCertificateRule],
  );
  if (settings.HEADER_ENCRYPTION_KEYS_FILE === undefined) {
    throw new SettingsError(
      "HEADER_ENCRYPTION_KEYS_FILE: is required: nothing encrypts without keys",
    );
  }
  const log = createLogger("reencrypt", settings.LOG_LEVEL, manifest.version);
  const stopping = new AbortController();
  const sealing = await openHeaderSealing(settings, log);
  const nats = await connectNats(settings, "ringback-reencrypt", log);
  const ended = Promise.withResolvers<void>();
  stopGracefully(log, STOP_GRACE_MS, async () => {
    stopping.abort();
    await ended.promise;
  });
  try {
    const deps = {
      nats,
      sealer: sealing.ring,
      log,
      now: () => new Date(),
      stopping: stopping.signal,
    };
    const counts = await reencryptAll(deps);
    const isDone = counts.unreadable + counts.contended === 0 && !stopping.signal.aborted;
    log[isDone ? "info" : "error"](counts, isDone ? "reencrypt.done" : "reencrypt.incomplete");
    process.exitCode = isDone ? 0 : 1;
  } finally {
    await closeNats(nats);
    await sealing.stop();
    ended.resolve();
  }
};

main().then(
  () => process.exit(),
  (error: unknown) => failAtStart(createLogger("reencrypt", "info", manifest.version), error),
);
