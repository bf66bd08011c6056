import { Link } from "wouter";
import type { paths } from "../../api/schema.gen.ts";
import css from "../../ui/form.module.css";
import { Stack } from "../../ui/form.tsx";
import { Status } from "../../ui/status.tsx";

type Found = paths["/endpoints/match"]["post"]["responses"][200]["content"]["application/json"];

/** Who gets an event, and why the others do not. */
export const Matches = ({ of }: { readonly of: Found }) => {
  const { agent_subscription: own, matches, others } = of;
  const isNobody = own === null && matches.length === 0;
  return (
    <Stack>
      <h3>{isNobody ? "Nobody gets it" : "These get it"}</h3>
      {isNobody ? null : (
        <ul className={css.bullets}>
          {own === null ? null : (
            <li>
              The subscription of agent{" "}
              <Link href={`/agents/${encodeURIComponent(own.agent_id)}`}>{own.agent_id}</Link>:{" "}
              {own.callback_url}
            </li>
          )}
          {matches.map(({ endpoint_id: id, uid, url, filter }) => (
            <li key={id}>
              <Link href={`/endpoints/${id}`}>{uid ?? id}</Link>: {url}
              {filter === "not_tested" ? " (if its filter matches, which was not tested)" : ""}
            </li>
          ))}
        </ul>
      )}
      {others.length === 0 ? null : (
        <>
          <h3>These do not</h3>
          <ul className={css.bullets}>
            {others.map((other) => (
              <li key={other.endpoint_id}>
                <Link href={`/endpoints/${other.endpoint_id}`}>
                  {other.uid ?? other.endpoint_id}
                </Link>
                : <Because of={other} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Stack>
  );
};

const Because = ({ of: { because, path } }: { readonly of: Found["others"][number] }) => {
  switch (because) {
    case "agent":
      return "it is for other agents";
    case "event_type":
      return "it is for other event types";
    case "filter":
      return (
        <>
          its filter does not match: <code>{path}</code>
        </>
      );
    case "paused":
    case "disabled":
      return <Status status={because} />;
  }
};
