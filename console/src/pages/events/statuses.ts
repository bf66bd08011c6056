import type { Option } from "../../ui/field.tsx";

const option = (value: string): Option => ({ value, text: value.replaceAll("_", " ") });

/** What a delivery can have come to; `unfinished` stands for what is still to come. */
export const DELIVERY_STATUSES: readonly Option[] = [
  { value: "pending,retrying", text: "unfinished" },
  ...["pending", "retrying", "delivered", "dead_lettered", "cancelled", "failed"].map(option),
];

/** What an event can have come to. */
export const EVENT_STATUSES: readonly Option[] = [...DELIVERY_STATUSES, option("no_subscription")];
