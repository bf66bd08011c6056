import type { Dashboard, Row } from "./dashboard.ts";
import { NS, ofOurs, PROCESS } from "./expressions.ts";
import { graph, stat, table } from "./panel.ts";

const now: Row = {
  title: "Now",
  panels: [
    stat("Processes", "short", "Processes of Ringback that Prometheus sees.", {
      processes: `count(ringback_build_info{${NS}})`,
    }),
    stat(
      "Processes without NATS",
      "short",
      "They can do nothing until they have it again.",
      { disconnected: `sum(1 - ringback_nats_connected{${NS}})` },
      { levels: [1, 1], alerts: ["RingbackNatsDisconnected"] },
    ),
    stat(
      "Slowest event loop (p99)",
      "s",
      "How late the slowest process is with everything that it does.",
      { p99: `max(job_instance:ringback_eventloop_lag_seconds:p99{${NS}})` },
      { levels: [0.1, 0.25], alerts: ["RingbackEventLoopLagging"] },
    ),
    stat(
      "Busiest process",
      "percentunit",
      "CPU of the busiest process; 100 % is one core.",
      {
        cpu: `max(job_instance:ringback_cpu_seconds:rate5m{${NS}})`,
      },
      { levels: [0.7, 0.9] },
    ),
    stat(
      "File descriptors",
      "percentunit",
      "Of the process that has used most of its own.",
      { open: `max(job_instance:ringback_open_fds:ratio{${NS}})` },
      { levels: [0.6, 0.8], alerts: ["RingbackFileDescriptorsRunOut"] },
    ),
    stat(
      "Youngest process",
      "s",
      "Time since the last start of a process.",
      { age: `time() - max(${ofOurs("process_start_time_seconds")})` },
      { levels: [1_800, 300], alerts: ["RingbackRestarting"] },
    ),
  ],
};

const processes: Row = {
  title: "Processes",
  panels: [
    graph("CPU", "short", "Cores that each process keeps busy.", {
      [PROCESS]: `job_instance:ringback_cpu_seconds:rate5m{${NS}}`,
    }),
    graph("Memory", "bytes", "Resident memory of each process, and what its container may use.", {
      [PROCESS]: ofOurs("process_resident_memory_bytes"),
      [`limit ${PROCESS}`]: ofOurs("ringback_memory_limit_bytes"),
    }),
    graph("Heap in use", "bytes", "JavaScript objects; it grows until Node.js collects.", {
      [PROCESS]: ofOurs("nodejs_heap_size_used_bytes"),
    }),
    graph(
      "Event loop lag (p99)",
      "s",
      "How late a process is with everything that it does; some 10 ms are how it is measured.",
      { [PROCESS]: `job_instance:ringback_eventloop_lag_seconds:p99{${NS}}` },
      { alerts: ["RingbackEventLoopLagging"] },
    ),
    graph(
      "Clock offset",
      "s",
      "Each machine's clock less that of NATS.",
      { [PROCESS]: ofOurs("ringback_clock_offset_seconds") },
      { alerts: ["RingbackClocksDiffer"] },
    ),
    graph("Garbage collection", "percentunit", "Share of time that goes to collecting garbage.", {
      [PROCESS]: `sum by (job, instance) (${ofOurs("rate(nodejs_gc_duration_seconds_sum[$__rate_interval])")})`,
    }),
    graph("Open handles", "short", "Sockets, timers and files that Node.js has open, by kind.", {
      "{{type}} {{instance}}": ofOurs("nodejs_active_handles"),
    }),
    graph(
      "Open file descriptors",
      "short",
      "Each connection is one; dispatchers hold deliveries back when there are no more.",
      { [PROCESS]: ofOurs("process_open_fds") },
      { alerts: ["RingbackFileDescriptorsRunOut"] },
    ),
    graph(
      "Connected to NATS",
      "bool",
      "1 while a process has its connection.",
      { [PROCESS]: `ringback_nats_connected{${NS}}` },
      { alerts: ["RingbackNatsDisconnected", "RingbackTargetDown"] },
    ),
    graph(
      "Age of the copy of the subscriptions",
      "s",
      "How long a process has not been sure that it knows the newest.",
      { [PROCESS]: `ringback_subscriptions_view_age_seconds{${NS}}` },
      { alerts: ["RingbackSubscriptionsViewOld"] },
    ),
    graph(
      "Starts",
      "short",
      "How often a process was started in the half hour before each moment.",
      {
        [PROCESS]: `changes(process_start_time_seconds[30m]) and on (namespace, job, instance) last_over_time(ringback_build_info{${NS}}[30m])`,
      },
      { alerts: ["RingbackRestarting"] },
    ),
  ],
};

const versions: Row = {
  title: "Versions",
  panels: [
    table("What runs", "short", "Version of Ringback and of Node.js in each process.", {
      processes: `ringback_build_info{${NS}}`,
    }),
  ],
};

/** How the processes are: the first look when something is slow and the rest says nothing. */
export const runtime: Dashboard = {
  uid: "ringback-runtime",
  title: "Ringback / Runtime",
  description: "How the processes are: CPU, memory, event loop, descriptors, connection to NATS.",
  rows: [now, processes, versions],
};
