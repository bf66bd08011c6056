import { eventually } from "../harness/eventually.ts";

/** What a page came to, after all redirects within the allowed origins. */
export interface Visited {
  readonly status: number;
  readonly url: URL;
  readonly text: string;
  readonly headers: Headers;
}

/** Follows redirects and keeps cookies by host and port, as far as a sign-in needs it. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();
  /** Every address that was visited, in its order. */
  readonly visited: string[] = [];

  /** Goes to an address and follows redirects, up to the first that `stopAt` says. */
  async open(address: string, stopAt: (url: URL) => boolean = () => false): Promise<Visited> {
    let url = new URL(address);
    for (let redirects = 0; redirects < 20; redirects += 1) {
      this.visited.push(url.href);
      const { response, text } = await this.#ask(url);
      this.#keep(url, response.headers);
      const location = response.headers.get("location");
      if (location === null)
        return { status: response.status, url, text, headers: response.headers };
      url = new URL(location, url);
      if (stopAt(url)) return { status: response.status, url, text, headers: response.headers };
    }
    throw new Error(`more than 20 redirects: ${this.visited.join(" ")}`);
  }

  cookieFor(url: URL): string {
    return [...(this.#cookies.get(url.host) ?? [])]
      .map(([name, value]) => `${name}=${value}`)
      .join("; ");
  }

  /** A machine with too much to do refuses for a moment, as the API says of itself. */
  #ask(url: URL): Promise<{ readonly response: Response; readonly text: string }> {
    return eventually(async () => {
      const response = await fetch(url, {
        redirect: "manual",
        headers: { cookie: this.cookieFor(url) },
        signal: AbortSignal.timeout(20_000),
      });
      const text = await response.text();
      if (text.includes(":problem:overloaded")) throw new Error("overloaded");
      return { response, text };
    });
  }

  #keep(url: URL, headers: Headers): void {
    const jar = this.#cookies.get(url.host) ?? new Map<string, string>();
    for (const line of headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const at = pair.indexOf("=");
      const name = pair.slice(0, at);
      const isOver =
        attributes.includes("Max-Age=0") ||
        attributes.some((one) => one.toLowerCase().startsWith("expires=thu, 01 jan 1970"));
      if (isOver) jar.delete(name);
      else jar.set(name, pair.slice(at + 1));
    }
    this.#cookies.set(url.host, jar);
  }
}
