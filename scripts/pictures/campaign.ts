/**
 * A lender's reminder campaign as it looks to webhooks: calls in English and Hindi to people whose instalment is due, and
 * endpoints of the lender that mostly work. Invented; the same for the same seed.
 */

/** An agent of the campaign, and where its own subscription goes. */
export type CampaignAgent = {
  readonly id: string;
  readonly name: string;
  readonly language: "en-IN" | "hi-IN";
};

export const AGENTS: readonly CampaignAgent[] = [
  { id: "emi-reminder-en", name: "EMI reminder (English)", language: "en-IN" },
  { id: "emi-reminder-hi", name: "EMI reminder (हिन्दी)", language: "hi-IN" },
  { id: "promise-to-pay", name: "Promise to pay follow-up", language: "hi-IN" },
];

/** An endpoint of the lender: what it takes, and how its path behaves. */
export const ENDPOINTS = [
  { uid: "crm", path: "/crm/calls", event_types: ["call_completed"], agents: ["*"] },
  { uid: "collections-desk", path: "/flaky/desk", event_types: ["*_completed"], agents: ["*"] },
  {
    uid: "recordings-archive",
    path: "/archive",
    event_types: ["recording_completed"],
    agents: ["*"],
  },
  {
    uid: "data-warehouse",
    path: "/down/warehouse",
    event_types: ["client_analysis_completed"],
    agents: ["emi-reminder-hi", "promise-to-pay"],
  },
  {
    uid: "escalations",
    path: "/escalations",
    event_types: ["client_analysis_completed"],
    agents: ["*"],
    filter: { data: { client_analysis: { outcome: { $in: ["dispute", "hardship"] } } } },
  },
] as const;

/** How the lender's paths respond to the `nth` request: mostly well. */
export const statusOf = (path: string, nth: number): number => {
  if (path.startsWith("/down")) return 503;
  if (path.startsWith("/flaky")) return nth % 5 < 2 ? 500 : 200;
  return nth % 23 === 0 ? 502 : 200;
};

export type CampaignEvent = Readonly<Record<string, unknown>> & {
  readonly event_type: string;
  readonly agent_id: string;
  readonly call_id: string;
};

/** A random number from 0 to 1 for a whole number (mulberry32). */
const chance = (seed: number): number => {
  let state = (seed + 0x6d2b79f5) | 0;
  state = Math.imul(state ^ (state >>> 15), 1 | state);
  state = (state + Math.imul(state ^ (state >>> 7), 61 | state)) ^ state;
  return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
};

const of = <T>(choices: readonly T[], seed: number): T =>
  choices[Math.floor(chance(seed) * choices.length)] as T;

const TRANSCRIPTS = {
  "en-IN": [
    { bot: "Good morning, this is a reminder that your EMI of ₹8,450 is due on the 5th." },
    { user: "Yes, I will pay it tomorrow from my bank app." },
    { bot: "Thank you. Shall I send you the payment link by SMS?" },
  ],
  "hi-IN": [
    { bot: "नमस्ते, आपकी ₹8,450 की किस्त 5 तारीख को देय है।" },
    { user: "हाँ, मैं कल भुगतान कर दूँगा।" },
    { bot: "धन्यवाद। क्या मैं भुगतान का लिंक SMS से भेज दूँ?" },
  ],
} as const;

/** The events of the `n`th call, in their order. */
export const eventsOfCall = (n: number): readonly CampaignEvent[] => {
  const agent = of(AGENTS, n * 7 + 1);
  const base = {
    agent_id: agent.id,
    call_id: `emi-${agent.language.slice(0, 2)}-${String(41_000 + n)}`,
    agent_name: agent.name,
    custom_args_values: { loan_id: `LN-${700_000 + n * 13}`, language: agent.language },
  };
  const isAnswered = chance(n * 7 + 2) > 0.22;
  const seconds = Math.round(20 + chance(n * 7 + 3) * 160);
  const completed = {
    ...base,
    event_type: "call_completed",
    status: isAnswered ? "completed" : of(["no_answer", "busy", "voicemail"], n * 7 + 4),
    call_duration: isAnswered ? seconds : 0,
    to_number: `+9198${String(10_000_000 + Math.floor(chance(n) * 9e7)).slice(0, 8)}`,
    transcript: isAnswered ? TRANSCRIPTS[agent.language] : [],
  };
  if (!isAnswered) return [{ ...base, event_type: "call_started" }, completed];
  const outcome = of(["promise_to_pay", "paid", "call_back", "dispute", "hardship"], n * 7 + 5);
  return [
    { ...base, event_type: "call_started" },
    completed,
    {
      ...base,
      event_type: "recording_completed",
      recording_url: `https://recordings.example.com/${base.call_id}.mp3`,
      call_duration: seconds,
    },
    {
      ...base,
      event_type: "platform_analysis_completed",
      platform_analysis: { sentiment: of(["positive", "neutral", "negative"], n * 7 + 6) },
    },
    {
      ...base,
      event_type: "client_analysis_completed",
      client_analysis: { outcome, amount_promised: outcome === "promise_to_pay" ? 8450 : 0 },
    },
  ];
};
