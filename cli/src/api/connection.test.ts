import { expect, test } from "vitest";
import { connectionFrom } from "./connection.ts";

const KEY = { RINGBACK_API_KEY: "rb_env_1" };

test.each([
  [undefined, "http://127.0.0.1:8080/ca/api/v0"],
  ["https://ringback.example.com", "https://ringback.example.com/ca/api/v0"],
  ["https://ringback.example.com/", "https://ringback.example.com/ca/api/v0"],
  ["http://127.0.0.1:9/ca/api/v0/", "http://127.0.0.1:9/ca/api/v0"],
])("the API of %s is at %s", (api, url) => {
  const options = api === undefined ? {} : { api };
  expect(connectionFrom(options, KEY)).toEqual({ url, key: "rb_env_1" });
});

test("an option goes before the environment", () => {
  const env = { ...KEY, RINGBACK_API_URL: "http://env.example.com" };
  expect(connectionFrom({}, env).url).toBe("http://env.example.com/ca/api/v0");
  const options = { api: "http://option.example.com", key: "rb_option_1" };
  expect(connectionFrom(options, env)).toEqual({
    url: "http://option.example.com/ca/api/v0",
    key: "rb_option_1",
  });
});

test.each([
  [{}, {}, "there is no API key"],
  [{ key: "rb_1_\n" }, {}, "characters that no key has"],
  [{ api: "ringback.example.com" }, KEY, "'ringback.example.com': expected one such as"],
  [{ api: "ftp://a.example.com" }, KEY, "'ftp://a.example.com': expected one such as"],
])("%o with %o is a mistake of usage", (options, env, message) => {
  const error = expect.objectContaining({ exitCode: 2 });
  expect(() => connectionFrom(options, env)).toThrow(message);
  expect(() => connectionFrom(options, env)).toThrow(error);
});
