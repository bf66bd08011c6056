/** When the last backup that succeeded ended: the alert on old backups reads it (docs/monitoring.md). */
const METRIC = "ringback_backup_last_success_timestamp_seconds";

const TIMEOUT_MS = 10_000;

/** Writes the time to a Pushgateway, in Prometheus's text format; throws where it does not take it. */
export const pushSuccess = async (url: string, at: Date): Promise<void> => {
  const seconds = Math.floor(at.getTime() / 1_000);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "text/plain; version=0.0.4" },
    body: `# TYPE ${METRIC} gauge\n${METRIC} ${seconds}\n`,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) return;
  throw new Error(`BACKUP_PUSHGATEWAY_URL: ${response.status} ${await response.text()}`);
};
