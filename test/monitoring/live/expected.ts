/** What an alert is to fire for: the failure, and within how many minutes of it, by the windows that its text names. */
export interface Expected {
  readonly alert: string;
  readonly severity: string;
  /** The scene, which is the label `namespace` of its processes; none for alerts that have no such label. */
  readonly scene: string;
  readonly failure: string;
  readonly withinMinutes: number;
}

type Row = readonly [alert: string, severity: string, withinMinutes: number];

const of = (scene: string, failure: string, rows: readonly Row[]): readonly Expected[] =>
  rows.map(([alert, severity, withinMinutes]) => ({
    alert: `Ringback${alert}`,
    severity,
    scene,
    failure,
    withinMinutes,
  }));

/** Every alert with the failure that is made for it on running services. */
export const EXPECTED: readonly Expected[] = [
  ...of("killed", "a dispatcher is killed every 12 s", [["Restarting", "warning", 8]]),
  ...of("nats-away", "nats-server is killed", [
    ["NatsDisconnected", "critical", 3.5],
    ["NoDispatcherReady", "critical", 5.5],
    ["SubscriptionsViewOld", "warning", 4],
    ["ApiErrors", "critical", 8],
    ["ApiErrors", "warning", 21],
    ["AuditLost", "critical", 8],
  ]),
  ...of("paused", "the consumer of EVENTS is paused", [
    ["DeliveringStopped", "critical", 6],
    ["BacklogGrowing", "warning", 27],
    ["FirstAttemptsLate", "critical", 8],
    ["FirstAttemptsLate", "warning", 21],
  ]),
  ...of("paused", "the consumer of RETRIES is paused", [["RetriesOverdue", "critical", 8]]),
  ...of("paused", "nobody may read EVENTS for the index", [["ListsBehind", "warning", 16]]),
  ...of("all-killed", "every process is killed", [
    ["TargetDown", "warning", 6.5],
    ["DispatcherMissing", "critical", 6],
    ["SubscriptionsMissing", "critical", 6],
  ]),
  ...of("taken-away", "an installation is taken away", [["InstallationGone", "warning", 11]]),
  ...of("no-streams", "a dispatcher starts, and its streams are missing", [
    ["NoDispatcherReady", "critical", 4],
    ["NotReady", "warning", 4],
  ]),
  ...of("processes", "a process of a job never comes up", [["NeverCameUp", "warning", 11]]),
  ...of("processes", "a dispatcher stands still for 400 of every 500 ms", [
    ["EventLoopLagging", "warning", 11],
  ]),
  ...of("processes", "a dispatcher has no file descriptors left", [
    ["FileDescriptorsRunOut", "warning", 7],
  ]),
  ...of("processes", "a dispatcher's clock is 9 s ahead", [["ClocksDiffer", "warning", 6]]),
  ...of("processes", "a dispatcher's container has 3 % of its memory left", [
    ["MemoryNearLimit", "warning", 11],
  ]),
  ...of("processes", "a dispatcher runs that Prometheus does not see", [
    ["DispatchersDisagree", "warning", 13],
  ]),
  ...of("processes", "two APIs change one agent at once, again and again", [
    ["ConfigConflictsHigh", "warning", 11],
  ]),
  ...of("customers", "the endpoints of six of ten workspaces answer 500", [
    ["DeliveryFailuresHigh", "warning", 16],
    ["DeadLettersAppear", "info", 7],
    ["WorkspaceFailing", "warning", 21],
    ["WorkspaceGivenUp", "info", 7],
    ["ManyWorkspacesFailing", "critical", 16],
  ]),
  ...of("customers", "a callback URL leads to a private address", [
    ["BlockedAddressesSpike", "warning", 8],
  ]),
  ...of("customers", "messages on EVENTS are no events", [["EventsInvalid", "warning", 7]]),
  ...of("customers", "OPERATIONS refuses what is written", [["OperationsDropped", "warning", 12]]),
  ...of("customers", "retries vanish from RETRIES", [["RetriesRepublished", "warning", 10]]),
  ...of("customers", "events vanish while retries wait", [["DeadLettersOfOurs", "critical", 6]]),
  ...of("unwanted", "agents are removed, and their events go on", [
    ["NoSubscriptionHigh", "warning", 60],
  ]),
  ...of("filling", "EVENTS fills up to its limit", [
    ["StreamFillsUp", "warning", 8],
    ["StreamNearLimit", "warning", 16],
    ["StreamNearLimit", "critical", 19],
  ]),
  ...of("out-of-room", "RETRIES refuses what is written", [["RetriesOverdue", "critical", 9]]),
  ...of("out-of-room", "an index fills up to its limit", [["IndexNearLimit", "warning", 17]]),
  ...of("out-of-room", "a collector of traces is away", [["SpansDropped", "warning", 13]]),
  ...of("hanging", "endpoints hang, and take every place", [["InFlightNearLimit", "warning", 21]]),
  ...of("keys", "a dispatcher starts without the key of stored headers", [
    ["OwnFaults", "critical", 8],
    ["OwnFaults", "warning", 21],
  ]),
  ...of("others", "the last backup was 30 hours ago", [["BackupOld", "warning", 11]]),
  ...of("others", "a server has used 90 % of max_file_store", [
    ["NatsStorageNearLimit", "warning", 6],
  ]),
  ...of("", "Prometheus has no process of Ringback as a target", [["NotScraped", "warning", 16]]),
];
