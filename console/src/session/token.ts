/**
 * The key or session that this tab signs in with. It is in the storage of the tab alone, and sent as a header: no cookie,
 * so no other site can make a request with it.
 */
const KEY = "ringback.token";

/** Where the storage is refused, as in some frames, it lasts for as long as the page. */
let inMemory: string | null = null;

const stored = (): string | null => {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
};

export const currentToken = (): string | null => inMemory ?? stored();

export const keepToken = (token: string | null): void => {
  inMemory = token;
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // It stays in memory.
  }
};

/**
 * Takes `#key=` or `#session=` out of the address, before anything else sees it, and off the tab's history; also when such
 * an address is opened over the page later, which the browser does not load again for it.
 */
export const takeTokenFromAddress = (): void => {
  takeToken();
  addEventListener("hashchange", () => {
    if (takeToken()) location.reload();
  });
};

/** Whether there was one. */
const takeToken = (): boolean => {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("session") ?? fragment.get("key");
  if (token === null) return false;
  history.replaceState(history.state, "", location.pathname + location.search);
  keepToken(token);
  return true;
};
