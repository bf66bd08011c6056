import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { durationText } from "../../format/duration.ts";
import { clockText, utcText } from "../../format/time.ts";
import { Button } from "../../ui/button.tsx";
import { Panel } from "../../ui/page.tsx";
import { Status } from "../../ui/status.tsx";
import { useNow } from "../../ui/time.tsx";
import type { CallEvent } from "./call-events.ts";
import { MarkView, outcomeText } from "./mark-view.tsx";
import css from "./time-line.module.css";
import {
  moved,
  percentAt,
  ticksOf,
  timeLineOf,
  zoomed,
  type Lane,
  type OpenAttempt,
  type View,
} from "./time-line.ts";

const MOST_TICKS = 7;

/** A call's events and every attempt, drawn to scale: one lane for each event and destination. */
export const CallTimeLine = ({
  events,
  onOpen,
}: {
  readonly events: readonly CallEvent[];
  readonly onOpen: OpenAttempt;
}) => {
  const now = useNow();
  const line = timeLineOf(events, now);
  const [chosen, setChosen] = useState<View>();
  if (line === null) return null;
  const view = chosen ?? line;
  const change = (next: View) => setChosen(next);
  // Room on both sides, so that marks at the ends are whole.
  const room = (view.toMs - view.fromMs) * 0.025;
  const drawn = { fromMs: view.fromMs - room, toMs: view.toMs + room * 1.6 };
  const ticks = ticksOf(drawn, line.fromMs, MOST_TICKS);
  const offset = (tick: number) => ({
    insetInlineStart: `${percentAt(line.fromMs + tick, drawn)}%`,
  });
  return (
    <Panel
      title="Time line"
      isFlush
      actions={
        <div className={css.tools} role="group" aria-label="What part of the time line is shown">
          <ViewButton view={view} next={moved(view, line, -0.5)} name="Earlier" onGo={change}>
            ←
          </ViewButton>
          <ViewButton view={view} next={zoomed(view, line, 0.5)} name="Nearer" onGo={change}>
            +
          </ViewButton>
          <ViewButton view={view} next={zoomed(view, line, 2)} name="Farther" onGo={change}>
            −
          </ViewButton>
          <ViewButton view={view} next={moved(view, line, 0.5)} name="Later" onGo={change}>
            →
          </ViewButton>
          <Button onClick={() => setChosen(undefined)} disabled={chosen === undefined}>
            Whole call
          </Button>
          <Button onClick={() => change(burstOf(events, line))}>First seconds</Button>
        </div>
      }
    >
      <div className={css.grid}>
        <div className={`${css.corner} ${css.label}`}>
          <small title={utcText(line.fromMs)}>from {clockText(line.fromMs)}</small>
        </div>
        <div className={css.axis} aria-hidden="true">
          {ticks.map((tick) => (
            <span key={tick} className={css.tick} style={offset(tick)}>
              {tick < 0 ? "" : tick === 0 ? "0" : `+${durationText(tick)}`}
            </span>
          ))}
        </div>
        {line.lanes.map((lane, at) => (
          <LaneRow
            key={lane.key}
            lane={lane}
            isSameEvent={line.lanes[at - 1]?.event === lane.event}
            drawn={drawn}
            now={now}
            grid={ticks.map((tick) => (
              <span key={tick} className={css.tick} style={offset(tick)} />
            ))}
            onOpen={onOpen}
          />
        ))}
      </div>
      <Legend />
    </Panel>
  );
};

/** Goes to another part of the time line; it cannot be pressed where that is the one in sight. */
const ViewButton = ({
  view,
  next,
  name,
  onGo,
  children,
}: {
  readonly view: View;
  readonly next: View;
  readonly name: string;
  readonly onGo: (next: View) => void;
  readonly children: ReactNode;
}) => (
  <Button
    onClick={() => onGo(next)}
    disabled={next.fromMs === view.fromMs && next.toMs === view.toMs}
    aria-label={name}
  >
    {children}
  </Button>
);

/** What an event is and where it goes, and beside it what happened, in time. */
const LaneRow = ({
  lane,
  isSameEvent,
  drawn,
  now,
  grid,
  onOpen,
}: {
  readonly lane: Lane;
  /** The lane above is of the same event, which is named there. */
  readonly isSameEvent: boolean;
  readonly drawn: View;
  readonly now: number;
  readonly grid: ReactNode;
  readonly onOpen: OpenAttempt;
}) => {
  const more = isSameEvent ? ` ${css.sameEvent}` : "";
  const isNowInSight = now >= drawn.fromMs && now <= drawn.toMs;
  return (
    <>
      <div className={css.label + more}>
        {isSameEvent ? null : (
          <span>
            <Link href={`/events/${lane.event.event_id}`}>{lane.event.event_type ?? "event"}</Link>{" "}
            <Status status={lane.status} />
          </span>
        )}
        <small title={lane.destination ?? undefined}>
          {isSameEvent ? <Status status={lane.status} /> : null} {destinationText(lane)}
        </small>
      </div>
      <div className={css.track + more}>
        {grid}
        {isNowInSight ? (
          <span className={css.now} style={{ insetInlineStart: `${percentAt(now, drawn)}%` }} />
        ) : null}
        {lane.marks.map((mark) => (
          <MarkView key={`${mark.kind} ${mark.fromMs}`} mark={mark} view={drawn} onOpen={onOpen} />
        ))}
      </div>
    </>
  );
};

const destinationText = ({ destination, status }: Lane): string =>
  destination ??
  (status === "no_subscription" ? "nobody had subscribed it" : "destination not known yet");

/** The first attempts of all events: what a whole call draws as one line. */
const burstOf = (events: readonly CallEvent[], whole: View): View => {
  const firsts = events.flatMap(({ attempts }) =>
    attempts
      .filter(({ attempt }) => attempt === 1)
      .map((one) => Date.parse(one.at) + one.duration_ms),
  );
  const first = Math.min(...firsts, whole.toMs);
  const toMs = Math.min(whole.toMs, Math.max(first, whole.fromMs + 1_000));
  return { fromMs: whole.fromMs, toMs };
};

const Legend = () => (
  <div className={css.legend}>
    <span>
      <i className={`${css.mark} ${css.published}`} /> published
    </span>
    <span>
      <i className={`${css.mark} ${css.attempt} ${css.delivered}`} /> {outcomeText("delivered")}
    </span>
    <span>
      <i className={`${css.mark} ${css.attempt}`} /> {outcomeText("failed")}
    </span>
    <span>
      <i className={`${css.mark} ${css.wait}`} /> waiting for the next attempt
    </span>
    <span>
      <i className={`${css.mark} ${css.due}`} /> next attempt
    </span>
    <span>✕ given up</span>
  </div>
);
