import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation, useParams } from "wouter";
import { useMay } from "../../session/me.ts";
import { ButtonLink } from "../../ui/button.tsx";
import { Note } from "../../ui/form.tsx";
import { Page } from "../../ui/page.tsx";
import { Failure, Loading } from "../../ui/states.tsx";
import { notify } from "../../ui/toasts.tsx";
import { changeEndpoint, readEndpoint, type Versioned } from "./endpoint-calls.ts";
import { changesOf, draftOf, type EndpointDraft } from "./endpoint-draft.ts";
import { EndpointForm } from "./endpoint-form.tsx";

/** Changes an endpoint over the version that was read as the page opened. */
export const EditEndpointPage = () => {
  const { endpointId = "" } = useParams<{ endpointId: string }>();
  const read = useQuery({
    queryKey: ["endpoint-to-edit", endpointId],
    queryFn: ({ signal }) => readEndpoint(endpointId, signal),
    // What somebody types is over this version; another one would be a surprise.
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  if (read.data !== undefined) {
    return <Edit key={read.data.etag} over={read.data} reload={() => void read.refetch()} />;
  }
  return (
    <Page title="Edit the endpoint">
      {read.error === null ? (
        <Loading />
      ) : (
        <Failure error={read.error} retry={() => void read.refetch()} />
      )}
    </Page>
  );
};

const Edit = ({ over, reload }: { readonly over: Versioned; readonly reload: () => void }) => {
  const { endpoint } = over;
  const [, go] = useLocation();
  const client = useQueryClient();
  const maySeeSecrets = useMay("secrets");
  const before = draftOf(endpoint);
  const page = `/endpoints/${endpoint.endpoint_id}`;
  const change = useMutation({
    mutationFn: async (draft: EndpointDraft) => {
      const fields = changesOf(before, draft);
      if (Object.keys(fields).length > 0) await changeEndpoint(over, fields);
      return Object.keys(fields).length;
    },
    onSuccess: (changed) => {
      notify(changed === 0 ? "Nothing was changed" : "The endpoint was changed");
      void client.invalidateQueries();
      go(page);
    },
  });
  return (
    <Page title={`Edit ${endpoint.uid ?? endpoint.endpoint_id}`}>
      {maySeeSecrets ? null : (
        <Note>
          Values that you may not see stand there as &lt;redacted&gt;. They stay as they are, unless
          you change their field: then all headers have to be typed again.
        </Note>
      )}
      <EndpointForm
        initial={before}
        isNew={false}
        submit="Save"
        error={change.error}
        isBusy={change.isPending}
        callOf={(draft) => ({
          method: "PATCH",
          path: page,
          body: changesOf(before, draft),
        })}
        onSubmit={(draft) => change.mutate(draft)}
        reload={reload}
        cancel={<ButtonLink href={page}>Cancel</ButtonLink>}
      />
    </Page>
  );
};
