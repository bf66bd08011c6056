// oxlint-disable-next-line no-restricted-imports -- hashing reads and writes nothing
import { createHash } from "node:crypto";

/** The form of an endpoint's id: `ep_` and 16 characters of base32, so that it is one token of a subject. */
const ENDPOINT_ID = /^ep_[a-z2-7]{16}$/;

/** A customer's own id of an endpoint (`uid`). */
const ENDPOINT_UID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;

export const isEndpointId = (text: string): boolean => ENDPOINT_ID.test(text);

/** Takes a uid's place in the path of a call of its own. */
const RESERVED_UID = "match";

/** A uid never looks like an endpoint's id: both may stand in the same place of a path. */
export const isEndpointUid = (text: string): boolean =>
  ENDPOINT_UID.test(text) && !isEndpointId(text) && text !== RESERVED_UID;

export const ENDPOINT_UID_RULE =
  "must be 1 to 128 characters of A-Z, a-z, 0-9, ., _, ~ and -, begin with a letter or digit, not look like an endpoint's id, and not be 'match'";

/** RFC 4648 section 6, in lower case. */
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** As many bytes as an endpoint's id spells. */
export const ENDPOINT_ID_BYTES = 10;

/** An endpoint's id from the first ten bytes; throws for fewer. */
export const formatEndpointId = (bytes: Uint8Array): string => {
  if (bytes.length < ENDPOINT_ID_BYTES) throw new RangeError(`${bytes.length} bytes: expected 10`);
  const groups = [bytes.subarray(0, 5), bytes.subarray(5, ENDPOINT_ID_BYTES)];
  return `ep_${groups.map(base32Of).join("")}`;
};

/** Five bytes as eight characters. */
const base32Of = (bytes: Uint8Array): string => {
  const bits = [...bytes].reduce((all, byte) => (all << 8n) | BigInt(byte), 0n);
  const digits = Array.from({ length: 8 }, (_, n) => Number((bits >> BigInt(35 - 5 * n)) & 31n));
  return digits.map((digit) => BASE32[digit]).join("");
};

/**
 * The id of the endpoint with a customer's own id. It follows from that, so that two requests for one `uid` meet on
 * one subject, and nobody has to look for it (docs/adr/0026).
 */
export const endpointIdOfUid = (workspaceId: string, uid: string): string =>
  formatEndpointId(createHash("sha256").update(`${workspaceId}\0${uid}`).digest());
