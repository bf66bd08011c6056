import {
  pathnameOf,
  type RequestHead,
  type Script,
  status,
} from "../../harness/receiver/behaviour.ts";

export const WORKSPACES = ["w1", "w2"] as const;

/** The waits after the first and the second failure. */
export const RETRY_DELAYS_MS = [500, 2_000] as const;

/** What an agent's endpoint answers, and what becomes of its address. */
type Character =
  | "steady"
  /** 200 after a second: there is always something in flight. */
  | "slow"
  /** 503 to first attempts. */
  | "flaky"
  /** 500 to all: every event ends as a dead letter. */
  | "dead"
  /** Gets a new address time and again. */
  | "moving"
  /** Is unsubscribed and subscribed again. */
  | "leaving";

export interface Member {
  readonly workspaceId: string;
  readonly agentId: string;
  readonly character: Character;
}

const CHARACTERS: readonly Character[] = [
  "steady",
  "steady",
  "slow",
  "flaky",
  "flaky",
  "dead",
  "moving",
  "moving",
  "leaving",
];

/** The agents whose events are published, the same ones in each workspace. */
export const CROWD: readonly Member[] = WORKSPACES.flatMap((workspaceId) =>
  CHARACTERS.map((character, n) => ({ workspaceId, agentId: `${character}-${n}`, character })),
);

/** Every address of an agent is a path of its own. */
export const pathOf = ({ workspaceId, agentId }: Member, version: number): string =>
  `/${workspaceId}/${agentId}/${version}`;

/** Answers as the agent's character is; those that move fail first, so that retries follow them. */
export const crowdScript: Script = (request) => {
  const character = pathnameOf(request.path).split("/")[2]?.split("-")[0] as Character;
  const isFirst = attemptOf(request) === 1;
  switch (character) {
    case "steady":
      return status(200);
    case "slow":
      return { kind: "late_status", status: 200, afterMs: 1_000 };
    case "dead":
      return status(500);
    case "flaky":
    case "moving":
    case "leaving":
      return status(isFirst ? 503 : 200);
    default:
      return character satisfies never;
  }
};

export const attemptOf = ({ headers }: RequestHead): number => Number(headers["ringback-attempt"]);
