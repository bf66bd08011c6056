import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { nameText } from "../../format/visible-text.ts";
import { useMay } from "../../session/me.ts";
import { ActionDialog } from "../../ui/dialogs/action-dialog.tsx";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { notify } from "../../ui/toasts.tsx";
import { AttemptsPanel } from "../destinations/attempts-panel.tsx";
import { HistoryPanel } from "../destinations/history-panel.tsx";
import { RotateDialog, SigningKeys } from "../destinations/signing.tsx";
import { StatsPanel } from "../destinations/stats-panel.tsx";
import { useTypeNames } from "../destinations/suggestions.ts";
import { TestDialog } from "../destinations/test-dialog.tsx";
import { deleteEndpoint, readEndpoint, rotateSecret, testEndpoint } from "./endpoint-calls.ts";
import { changeOf } from "./endpoint-history.ts";
import { EndpointSettings } from "./endpoint-settings.tsx";
import { DisableDialog, PauseDialog, SwitchOnDialog, type ActionProps } from "./switch-dialogs.tsx";

const WATCH_MS = 10_000;

/** One endpoint: how it is set, how it does, and what can be done with it. */
export const EndpointPage = () => {
  const { endpointId = "" } = useParams<{ endpointId: string }>();
  const client = useQueryClient();
  const read = useQuery({
    queryKey: ["endpoint", endpointId],
    queryFn: ({ signal }) => readEndpoint(endpointId, signal),
    refetchInterval: WATCH_MS,
  });
  const over = read.data;
  if (over === undefined) {
    return (
      <Page title={`Endpoint ${endpointId}`}>
        {read.error === null ? null : (
          <Failure error={read.error} retry={() => void read.refetch()} />
        )}
        {read.error === null ? <Loading /> : <History id={endpointId} />}
      </Page>
    );
  }
  const { endpoint } = over;
  const id = endpoint.endpoint_id;
  return (
    <Page
      title={endpoint.uid ?? nameText(endpoint.description, id)}
      actions={<Actions over={over} reload={() => void client.invalidateQueries()} />}
    >
      {read.error === null ? null : (
        <Failure error={read.error} retry={() => void read.refetch()} />
      )}
      <EndpointSettings of={endpoint} />
      <StatsPanel
        id={id}
        read={(window, signal) =>
          dataOf(
            api.GET("/endpoints/{endpoint_id}/stats", {
              params: { path: { endpoint_id: id }, query: { window } },
              signal,
            }),
          )
        }
      />
      <AttemptsPanel
        id={id}
        allOf={`/deliveries?endpoint_id=${id}`}
        read={async (signal) => {
          const params = { path: { endpoint_id: id }, query: { limit: 20 } };
          return (await dataOf(api.GET("/endpoints/{endpoint_id}/attempts", { params, signal })))
            .attempts;
        }}
      />
      <Panel title="Signing">
        <SigningKeys keys={endpoint.signing} />
      </Panel>
      <History id={id} />
    </Page>
  );
};

const History = ({ id }: { readonly id: string }) => (
  <HistoryPanel
    id={id}
    read={async (cursor, signal) => {
      const query = { limit: 20, ...(cursor === undefined ? {} : { cursor }) };
      const params = { path: { endpoint_id: id }, query };
      const page = await dataOf(api.GET("/endpoints/{endpoint_id}/history", { params, signal }));
      return { changes: page.changes.map(changeOf), next_cursor: page.next_cursor };
    }}
  />
);

type Action = "pause" | "disable" | "on" | "rotate" | "test" | "delete";

/** What the caller may do with it; each opens a dialog that says what it does. */
const Actions = ({ over, reload }: Pick<ActionProps, "over" | "reload">) => {
  const [open, setOpen] = useState<Action>();
  const may = { change: useMay("endpoints"), rotate: useMay("secrets"), test: useMay("test") };
  const { state, endpoint_id: id } = over.endpoint;
  const common = (action: Action): ActionProps => ({
    over,
    isOpen: open === action,
    onClose: () => setOpen(undefined),
    reload,
  });
  return (
    <>
      {may.test ? <Button onClick={() => setOpen("test")}>Send a test event</Button> : null}
      {may.change ? (
        <>
          <ButtonLink href={`/endpoints/${id}/edit`}>Edit</ButtonLink>
          {state === "healthy" ? (
            <Button onClick={() => setOpen("pause")}>Pause</Button>
          ) : (
            <Button look="primary" onClick={() => setOpen("on")}>
              {state === "disabled" ? "Enable" : "Resume"}
            </Button>
          )}
          {state === "disabled" ? null : (
            <Button onClick={() => setOpen("disable")}>Disable</Button>
          )}
        </>
      ) : null}
      {may.rotate ? <Button onClick={() => setOpen("rotate")}>Rotate the secret</Button> : null}
      {may.change ? (
        <Button look="danger" onClick={() => setOpen("delete")}>
          Delete
        </Button>
      ) : null}
      <PauseDialog {...common("pause")} />
      <DisableDialog {...common("disable")} />
      <SwitchOnDialog {...common("on")} />
      <DeleteDialog {...common("delete")} />
      <Rotate {...common("rotate")} />
      <Test {...common("test")} />
    </>
  );
};

const DeleteDialog = ({ over, isOpen, onClose, reload }: ActionProps) => {
  const [, go] = useLocation();
  const { endpoint_id: id, uid, url } = over.endpoint;
  const run = useMutation({
    mutationFn: () => deleteEndpoint(over),
    onSuccess: () => {
      notify("The endpoint was deleted");
      go("/endpoints");
      reload();
    },
  });
  return (
    <ActionDialog
      title="Delete the endpoint"
      isOpen={isOpen}
      onClose={onClose}
      call={{ method: "DELETE", path: `/endpoints/${id}` }}
      confirm="Delete it for good"
      look="danger"
      error={run.error}
      isBusy={run.isPending}
      onConfirm={() => run.mutate()}
      reload={reload}
    >
      <p>
        {uid ?? id} ({url}) gets no further event, and deliveries that are under way end as
        cancelled. This cannot be undone; its history stays.
      </p>
    </ActionDialog>
  );
};

const Rotate = ({ over, isOpen, onClose, reload }: ActionProps) => (
  <RotateDialog
    isOpen={isOpen}
    onClose={onClose}
    callOf={(rotation) => ({
      method: "POST",
      path: `/endpoints/${over.endpoint.endpoint_id}/rotate-secret`,
      body: rotation,
    })}
    rotate={async (rotation) => {
      const rotated = await rotateSecret(over, rotation);
      reload();
      return rotated;
    }}
    reload={reload}
  />
);

const Test = ({ over, isOpen, onClose, reload }: ActionProps) => {
  const types = useTypeNames();
  const id = over.endpoint.endpoint_id;
  return (
    <TestDialog
      isOpen={isOpen}
      onClose={onClose}
      types={types}
      first="The first type that it is for"
      callOf={(eventType) => ({
        method: "POST",
        path: `/endpoints/${id}/test-event`,
        body: eventType === "" ? {} : { event_type: eventType },
      })}
      send={async (eventType) => {
        const result = await testEndpoint(id, eventType);
        reload();
        return result;
      }}
    />
  );
};
