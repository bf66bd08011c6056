import type { Nats } from "@ringback/runtime/nats/connection";
import type { ApiKeysFile } from "../http/auth/api-keys.ts";
import type { RequestStore } from "../idempotency/request-store.ts";
import type { AccessIndex } from "./access-index.ts";
import { accessStore } from "./access-store.ts";
import { keyStore, type KeyStore } from "./key-store.ts";
import { sessionStore, type SessionStore } from "./session-store.ts";
import { shownKeys, type ShownKeys } from "./shown-keys.ts";

/** What calls about keys and sessions work with. */
export type AccessDeps = {
  readonly keys: KeyStore;
  readonly shown: ShownKeys;
  readonly sessions: SessionStore;
  readonly index: AccessIndex;
  readonly now: () => Date;
};

type Given = {
  readonly nats: Nats;
  readonly index: AccessIndex;
  readonly file: ApiKeysFile;
  readonly requests: RequestStore;
  readonly limits: { readonly admitDefinition: (workspaceId: string, bytes: number) => void };
  readonly now: () => Date;
};

export const accessDeps = ({ nats, index, file, requests, limits, now }: Given): AccessDeps => {
  const store = accessStore(nats, index);
  const admit = limits.admitDefinition;
  return {
    keys: keyStore({ index, store, requests, admit, now }),
    shown: shownKeys({ index, fileKeys: file.current, now }),
    sessions: sessionStore({ index, store, now }),
    index,
    now,
  };
};
