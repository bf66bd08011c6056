import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMe } from "../../session/me.ts";
import { ButtonLink } from "../../ui/button.tsx";
import { Buttons, Stack } from "../../ui/form.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { useRequestKey } from "../destinations/request-key.ts";
import { SecretOnce } from "../destinations/signing.tsx";
import { createEndpoint } from "./endpoint-calls.ts";
import { creationOf, newDraft, type EndpointDraft } from "./endpoint-draft.ts";
import { EndpointForm } from "./endpoint-form.tsx";

/** Creates an endpoint, and shows its signing secret once. */
export const NewEndpointPage = () => {
  const me = useMe();
  const client = useQueryClient();
  const once = useRequestKey();
  const create = useMutation({
    mutationFn: (draft: EndpointDraft) => once((key) => createEndpoint(creationOf(draft), key)),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["endpoints"] }),
  });
  if (create.data !== undefined) {
    const { endpoint_id: id, uid } = create.data;
    return (
      <Page title="The endpoint is there">
        <Panel>
          <Stack>
            <p>
              Events go to {uid ?? id} from now on. Receivers verify each request with this secret.
            </p>
            <SecretOnce of={create.data} />
            <Buttons>
              <ButtonLink href={`/endpoints/${id}`} look="primary">
                Go to the endpoint
              </ButtonLink>
            </Buttons>
          </Stack>
        </Panel>
      </Page>
    );
  }
  return (
    <Page title="A new endpoint">
      <EndpointForm
        initial={newDraft(me.agents)}
        isNew
        submit="Create the endpoint"
        error={create.error}
        isBusy={create.isPending}
        callOf={(draft) => ({ method: "POST", path: "/endpoints", body: creationOf(draft) })}
        onSubmit={(draft) => create.mutate(draft)}
        cancel={<ButtonLink href="/endpoints">Cancel</ButtonLink>}
      />
    </Page>
  );
};
