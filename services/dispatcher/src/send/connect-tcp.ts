import type { LookupAddress } from "node:dns";
import { connect, type BlockList, type Socket, type TcpNetConnectOpts } from "node:net";

/**
 * Why connecting failed, as a code alone: a message could name an internal address or port to a customer. Never a
 * code of undici's (`UND_ERR_…`): undici would connect again in a loop.
 */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Code of a request that did not begin, as this process stood still. */
export const STOOD_STILL = "STOOD_STILL";

/**
 * Calls back after `ms`, once what has arrived by then was read; returns what stops it. After a standstill
 * (SIGSTOP, a frozen VM) plain timers fire before the sockets are read, and a response may lie there.
 */
export const timerAfterReading = (ms: number, onTime: () => void): (() => void) => {
  let reading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    reading = setImmediate(onTime);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
};

/** Where a connection may go: only to these addresses, which were checked. */
export type TcpTarget = {
  readonly port: number;
  /** In the order in which they are tried. */
  readonly addresses: readonly LookupAddress[];
  /** Further addresses; where it rejects, no connection to this name is made any more. */
  readonly later?: Promise<readonly LookupAddress[]> | undefined;
  readonly timeoutMs: number;
  /** Checks each address once more, at the very moment of connecting to it (Node 24). */
  readonly blockList?: BlockList;
};

/** However many addresses a name has. */
const MAX_ADDRESSES = 8;
/** Sockets of one attempt: all attempts share the descriptors. */
const MAX_AT_ONCE = 3;
/** RFC 8305, 5: after this time the next address is tried beside. */
const ATTEMPT_DELAY_MS = 250;
const KEEP_ALIVE_MS = 15_000;

/**
 * A connection to the address that responds first ("happy eyeballs", RFC 8305; Node.js's own gives one
 * address up before it tries the next). Resolves nothing. Rejects with the error of the system
 * or of the block list.
 */
export const connectTcp = (target: TcpTarget): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { timeoutMs, later } = target;
    const untried = target.addresses.slice(0, MAX_ADDRESSES);
    const open = new Set<Socket>();
    const errors: Error[] = [];
    let isMoreToCome = later !== undefined;
    let isOver = false;
    let next: NodeJS.Timeout | undefined;

    const end = (finish: () => void): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(next);
      stopTimer();
      for (const socket of open) socket.destroy();
      finish();
    };
    const fail = (error: Error): void => {
      errors.push(error);
      end(() => reject(failureOf(errors)));
    };
    const stopTimer = timerAfterReading(timeoutMs, () => fail(new ConnectError("ETIMEDOUT")));

    const tryNext = (): void => {
      clearTimeout(next);
      next = undefined;
      const address = isOver ? undefined : untried.shift();
      if (address === undefined) return;
      const [oldest] = open;
      if (open.size >= MAX_AT_ONCE) oldest?.destroy();
      const socket = opening(address.address, target);
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      // Stays: until the caller listens, an error needs a listener.
      socket.on("error", (error) => {
        open.delete(socket);
        if (untried.length === 0 && open.size === 0 && !isMoreToCome) return fail(error);
        errors.push(error);
        tryNext();
      });
      socket.once("connect", () => {
        open.delete(socket);
        end(() => resolve(socket));
      });
      const isFull = open.size >= MAX_AT_ONCE;
      next = setTimeout(tryNext, isFull ? timeoutMs / MAX_ADDRESSES : ATTEMPT_DELAY_MS);
    };

    const addLater = (found: readonly LookupAddress[]): void => {
      isMoreToCome = false;
      untried.push(...found.slice(0, MAX_ADDRESSES));
      if (next === undefined) tryNext();
      if (open.size === 0) end(() => reject(failureOf(errors)));
    };

    tryNext();
    later?.then(addLater, (error: Error) => end(() => reject(error)));
  });

const failureOf = (errors: readonly Error[]): Error =>
  errors.length === 1 && errors[0] !== undefined ? errors[0] : new AggregateError(errors);

const opening = (host: string, { port, blockList }: TcpTarget): Socket => {
  const options: TcpNetConnectOpts & { blockList?: BlockList } = {
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    ...(blockList === undefined ? {} : { blockList }),
  };
  return connect(options);
};

/** One of each family in turn, beginning with the family of `first` (RFC 8305, 4). */
export const interleaved = (
  addresses: readonly LookupAddress[],
  first: number,
): readonly LookupAddress[] => {
  const preferred = addresses.filter(({ family }) => family === first);
  const others = addresses.filter(({ family }) => family !== first);
  const rounds = Math.max(preferred.length, others.length);
  return Array.from({ length: rounds }, (_, n) => [preferred[n], others[n]])
    .flat()
    .filter((one) => one !== undefined);
};
