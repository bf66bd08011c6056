import { useMutation } from "@tanstack/react-query";
import { api, dataOf } from "../../api/client.ts";
import { ProblemError } from "../../api/problem.ts";
import { useMay } from "../../session/me.ts";
import { Button } from "../../ui/button.tsx";
import { Curl } from "../../ui/code.tsx";
import { Buttons, Note, Stack } from "../../ui/form.tsx";
import { Failure } from "../../ui/states.tsx";
import { filterTestOf, unlessNoJson, type TriedEvent } from "./tried-event.ts";

const EMPTY = "{}";

/** Says whether a filter matches an event, and if not, which condition is the first that does not hold. */
export const useFilterTrial = (filter: string, tried: TriedEvent | undefined) => {
  const text = filter.trim() === "" ? EMPTY : filter;
  const run = useMutation({
    mutationFn: async () => {
      const event = tried;
      if (event === undefined) throw new Error("Choose an event first.");
      const body = filterTestOf(text, event);
      const result = await dataOf(
        api.POST("/filters/test", { body: body as { filter: Record<string, unknown> } }),
      );
      return { ...result, of: text, event };
    },
  });
  return { ...run, text };
};

/** The button that tries the filter, and what came of it. */
export const FilterTrial = ({
  trial,
  tried,
}: {
  readonly trial: ReturnType<typeof useFilterTrial>;
  readonly tried: TriedEvent | undefined;
}) => {
  const { data, error } = trial;
  // What was found of another filter or event says nothing of this one.
  const isOfThis = data !== undefined && data.of === trial.text && data.event === tried;
  const isAtField =
    error instanceof ProblemError &&
    (error.problem.errors ?? []).some(({ path }) => path.startsWith("filter"));
  // Whether a filter matches says what is in the payload.
  const isHidden = useMay("payloads") ? false : tried?.kind === "stored";
  return (
    <Stack>
      {isHidden ? (
        <Note>You may not read payloads of events. Choose a payload of your own to try it on.</Note>
      ) : null}
      <Buttons>
        <Button
          onClick={() => trial.mutate()}
          isBusy={trial.isPending}
          disabled={tried === undefined || isHidden}
        >
          Try it on this event
        </Button>
      </Buttons>
      {isOfThis ? <Result match={data.match} because={data.because} /> : null}
      {error === null || isAtField ? null : <Failure error={error} />}
      {tried === undefined ? null : <TrialCurl text={trial.text} tried={tried} />}
    </Stack>
  );
};

const Result = ({
  match,
  because,
}: {
  readonly match: boolean;
  readonly because: string | null;
}) =>
  match ? (
    <Note tone="good">The filter matches: the event would be sent.</Note>
  ) : (
    <Note tone="warn">
      The filter does not match. The first condition that does not hold: <code>{because}</code>
    </Note>
  );

const TrialCurl = ({ text, tried }: { readonly text: string; readonly tried: TriedEvent }) => {
  const body = unlessNoJson(() => filterTestOf(text, tried));
  return body === undefined ? null : (
    <Curl call={{ method: "POST", path: "/filters/test", body }} />
  );
};
