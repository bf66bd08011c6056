import { useState } from "react";
import { SelectField } from "../../ui/field.tsx";
import { RotateDialog, type Rotation } from "../destinations/signing.tsx";
import { TestDialog } from "../destinations/test-dialog.tsx";
import { patchAgent, patchOf, testAgent, type AgentOperation } from "./agent-calls.ts";
import type { AgentDialogProps } from "./agent-dialogs.tsx";

/** Every subscription of the agent. */
const EVERY = "";

/** Gives all subscriptions, or those of a type, a new signing secret. */
export const RotateAgentDialog = ({ over, isOpen, onClose, reload }: AgentDialogProps) => {
  const [type, setType] = useState(EVERY);
  const { agent } = over;
  const operationOf = (rotation: Rotation): AgentOperation => ({
    operation: "rotate_signing_secret",
    ...rotation,
    ...(type === EVERY ? {} : { event_types: [type] }),
  });
  return (
    <RotateDialog
      isOpen={isOpen}
      onClose={onClose}
      callOf={(rotation) => ({
        method: "PATCH",
        path: "/agent/v1",
        body: patchOf(agent.agent_id, operationOf(rotation)),
      })}
      rotate={async (rotation) => {
        const rotated = await patchAgent(over, operationOf(rotation));
        reload();
        return rotated;
      }}
      reload={reload}
    >
      <SelectField
        label="Subscriptions"
        value={type}
        options={[
          { value: EVERY, text: "All of the agent" },
          ...agent.event_subscriptions.map(({ event_type: one }) => ({ value: one, text: one })),
        ]}
        onChange={setType}
      />
    </RotateDialog>
  );
};

/** Sends a sample to one of the subscriptions. */
export const TestAgentDialog = ({ over, isOpen, onClose, reload }: AgentDialogProps) => {
  const id = over.agent.agent_id;
  return (
    <TestDialog
      isOpen={isOpen}
      onClose={onClose}
      types={over.agent.event_subscriptions.map(({ event_type }) => event_type)}
      callOf={(eventType) => ({
        method: "POST",
        path: `/agent/v1/${encodeURIComponent(id)}/test-event`,
        body: { event_type: eventType },
      })}
      send={async (eventType) => {
        const result = await testAgent(id, eventType);
        reload();
        return result;
      }}
    />
  );
};
