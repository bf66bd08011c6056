import { z } from "zod";
import { parseDurationMs } from "../duration.ts";

/** `wait`: an event waits for the earlier ones of its call until they have ended; `skip`: only while one is in flight. */
export const ORDER_CHOICES = ["wait", "skip"] as const;

/** How deliveries of one call keep their order, as it is stored: without bounds, so that it can still be read when they change. */
export const storedOrderSchema = z.object({
  by: z.literal("call"),
  on_failure: z.enum(ORDER_CHOICES),
  max_wait: z.string(),
});

export type DeliveryOrder = z.infer<typeof storedOrderSchema>;

/** How long an event may wait for its turn; inclusive. */
const MAX_WAIT_MS = { min: 1_000, max: 86_400_000 };

/** Longer than any useful duration. */
const MAX_TEXT = 100;

const MAX_WAIT = "must be a duration from 1s to 24h, such as 10m";

/** `order` in a request, of an endpoint or of an agent's subscription. */
export const orderSchema = z.strictObject({
  by: z.literal("call", { error: "must be call" }),
  on_failure: z
    .enum(ORDER_CHOICES, { error: `must be one of ${ORDER_CHOICES.join(", ")}` })
    .default("wait")
    .meta({
      description:
        "`wait`: until every earlier event of the call is delivered or given up; `skip`: only while one is in flight",
    }),
  max_wait: z
    .string({ error: MAX_WAIT })
    .refine(
      (text) => {
        const durationMs = text.length > MAX_TEXT ? undefined : parseDurationMs(text);
        return (
          durationMs !== undefined && durationMs >= MAX_WAIT_MS.min && durationMs <= MAX_WAIT_MS.max
        );
      },
      { error: MAX_WAIT },
    )
    .default("10m")
    .meta({
      description: "Counted from when the event was stored. After it, it goes on without its turn",
    }),
});

/** True when both keep the same order, or none. */
export const sameOrder = (a: DeliveryOrder | undefined, b: DeliveryOrder | undefined): boolean =>
  a?.by === b?.by && a?.on_failure === b?.on_failure && a?.max_wait === b?.max_wait;
