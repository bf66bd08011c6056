/** When the last backup that succeeded ended: the alert on old backups reads it (docs/monitoring.md). */
const METRIC = "ringback_backup_last_success_timestamp_seconds";

const TIMEOUT_MS = 10_000;

/** Writes the time to a Pushgateway, in Prometheus's text format; throws where it does not take it. */
export const pushSuccess = async (url: string, at: Date): Promise<void> => {
  const seconds = Math.floor(at.getTime() / 1_000);
  const said = await post(url, `# TYPE ${METRIC} gauge\n${METRIC} ${seconds}\n`).catch(
    (error: unknown) => {
      throw new Error("BACKUP_PUSHGATEWAY_URL: no response", { cause: error });
    },
  );
  if (said !== undefined) throw new Error(`BACKUP_PUSHGATEWAY_URL: ${said}`);
};

/** What was said against it, if anything. */
const post = async (url: string, body: string): Promise<string | undefined> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "text/plain; version=0.0.4" },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  return response.ok ? undefined : `${response.status} ${text.slice(0, 1_000)}`;
};
