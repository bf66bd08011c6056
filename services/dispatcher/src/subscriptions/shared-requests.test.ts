import { expect, test } from "vitest";
import { sharedRequests } from "./shared-requests.ts";

const setUp = () => {
  const put: PromiseWithResolvers<void>[] = [];
  const about: string[] = [];
  const ask = sharedRequests((what) => {
    const question = Promise.withResolvers<void>();
    put.push(question);
    about.push(what);
    return question.promise;
  });
  return { ask, put, about };
};

test("whoever asks while a question is open shares the one that comes after it", async () => {
  const { ask, put, about } = setUp();
  const first = ask("a");
  const second = ask("a");
  const third = ask("a");
  expect(about).toEqual(["a"]);
  put[0]?.resolve();
  await first;
  await Promise.resolve();
  expect(about).toEqual(["a", "a"]);
  put[1]?.resolve();
  await Promise.all([second, third]);
  expect(about).toEqual(["a", "a"]);
});

test("an answer is not kept: who asks later puts a question of their own", async () => {
  const { ask, put, about } = setUp();
  const first = ask("a");
  put[0]?.resolve();
  await first;
  void ask("a");
  expect(about).toEqual(["a", "a"]);
});

test("questions about other things do not wait, and a question that fails ends no other", async () => {
  const { ask, put, about } = setUp();
  const first = ask("a");
  const second = ask("a");
  void ask("b");
  expect(about).toEqual(["a", "b"]);
  put[0]?.reject(new Error("not now"));
  await expect(first).rejects.toThrow("not now");
  await Promise.resolve();
  put[2]?.resolve();
  await second;
  expect(about).toEqual(["a", "b", "a"]);
});
