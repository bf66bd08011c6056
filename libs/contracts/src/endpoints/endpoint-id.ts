/** The form of an endpoint's id: `ep_` and 16 characters of base32, so that it is one token of a subject. */
const ENDPOINT_ID = /^ep_[a-z2-7]{16}$/;

/** A customer's own id of an endpoint (`uid`). */
const ENDPOINT_UID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;

export const isEndpointId = (text: string): boolean => ENDPOINT_ID.test(text);

/** A uid never looks like an endpoint's id: both may stand in the same place of a path. */
export const isEndpointUid = (text: string): boolean =>
  ENDPOINT_UID.test(text) && !isEndpointId(text);
