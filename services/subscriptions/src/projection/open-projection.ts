import type { StreamInfo } from "@nats-io/jetstream";
import type { StreamName } from "@ringback/contracts/subjects";
import { backoffMs, pause } from "@ringback/runtime/backoff";
import type { Logger } from "@ringback/runtime/logger";
import type { Nats } from "@ringback/runtime/nats";
import type { StreamCreation } from "@ringback/runtime/streams";
import { UnavailableError } from "../unavailable.ts";
import { listeners } from "./listeners.ts";
import { openFolder } from "./folder.ts";
import { openGeneration, STREAM_OF, type Generation } from "./generation.ts";
import { isDamaged, removeIndexFile } from "./index-file.ts";
import { PROJECTED_STREAMS } from "./positions.ts";
import type { AppliedAttempt, AppliedEvent, Projection, ProjectionLag } from "./projection.ts";

export type ProjectionOptions = {
  readonly nats: Nats;
  readonly created: StreamCreation;
  /** `PROJECTION_DIR`; undefined: a temporary folder. */
  readonly folder: string | undefined;
  /** How long ATTEMPTS keeps what it holds. */
  readonly attemptsMaxAgeMs: number;
  readonly now: () => number;
  readonly onStreamLost: (error: unknown) => void;
  /** The index cannot be kept at all: the process is to end. */
  readonly onFatal: (error: unknown) => void;
  readonly log: Logger;
};

export type OpenProjection = Projection & {
  /** To be told the state of every stream every few seconds. */
  readonly compare: (stream: StreamName, info: Pick<StreamInfo, "state">) => void;
  readonly stop: () => Promise<void>;
};
