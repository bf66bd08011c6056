/** A body's fields as JSON text, beside those that route: what voice platforms really send. */
export type Shape = { readonly what: string; readonly type: string; readonly fields: string };

const shape = (what: string, fields: string, type = "call_completed"): Shape => ({
  what,
  type,
  fields,
});

const statuses = (
  "registered ongoing retry completed failed error cancelled no_answer no-answer busy voicemail " +
  "forwarded ended in-progress queued ringing not_connected customer-ended-call Completed"
)
  .split(" ")
  .map((status) => shape(`status ${status}`, `"status":"${status}"`));

const directions = [
  "outbound",
  "inbound",
  "webcall",
  "web",
  "phoneCall",
  "outbound-api",
  "sip",
].map((type) => shape(`call_type ${type}`, `"call_type":"${type}"`));

const durations = [
  '"61"',
  '"61.5 s"',
  "61.123456789012345",
  "null",
  "0",
  "1e2",
  "-1",
  "[]",
  "true",
].map((value) => shape(`call_duration ${value}`, `"call_duration":${value}`));

const turn = '{"role":"agent","content":"Namaste","start":1.25,"end":2.5,"words":[]}';
const transcripts = [
  '"Agent: hello\\nUser: hi"',
  "[]",
  "null",
  `[${turn}]`,
  '[{"role":"assistant","content":null,"tool_calls":[{"id":"t1","function":{"name":"book","arguments":"{}"}}]}]',
  '[{"role":"tool","tool_call_id":"t1","content":{"ok":true}}]',
  '[{"bot":"hello"},{"user":"hi"}]',
  '[{"speaker":1,"text":"hi"}]',
  '["hello","hi"]',
  "{}",
].map((value) => shape(`transcript ${value.slice(0, 40)}`, `"transcript":${value}`));

const analyses = [
  "[]",
  '"a summary"',
  "null",
  "{}",
  "3",
  '{"summary":null,"key_points":"one"}',
  '[{"k":1}]',
].flatMap((value) => [
  shape(`analysis_data ${value}`, `"analysis_data":${value}`, "platform_analysis_completed"),
  shape(`client_analysis ${value}`, `"client_analysis":${value}`, "all_processing_completed"),
]);

const nested = `${'{"a":'.repeat(10)}1${"}".repeat(10)}`;
const customArgs = [
  '{"age":"42","amount":"007"}',
  '{"id":9007199254740993,"big":123456789012345678901234567890}',
  nested,
  "[]",
  '"text"',
  "null",
].map((value) =>
  shape(`custom_args_values ${value.slice(0, 40)}`, `"custom_args_values":${value}`),
);

const texts = [
  ["Hindi", '"summary":"ग्राहक ने हाँ कहा"'],
  ["emoji", '"summary":"👍🏽👨‍👩‍👧"'],
  ["half a surrogate, escaped", String.raw`"summary":"\ud83d"`],
  ["escapes and their letters", String.raw`"u":"\u00e9é\/\n"`],
  ["unix milliseconds", '"called_on":1767225600123'],
  ["ISO with microseconds", '"called_on":"2026-01-01T00:00:00.123456+05:30"'],
  ["unknown fields", '"x_vendor":{"a":[1,2,{"b":null}]},"_":"","":0'],
  ["a key that does not route twice", '"x":1,"x":2'],
  ["words of JavaScript as keys", '"__proto__":{"a":1},"constructor":null'],
  ["numbers as they are written", '"n":1.0,"m":-0,"e":1E+2,"z":0.10'],
  ["null ids", '"agent_id":null,"workspace_id":null'],
].map(([what = "", fields = ""]) => shape(what, fields));

const otherTypes = [
  shape(
    "recording url null",
    '"recording_url":null,"recording_duration":"12"',
    "recording_completed",
  ),
  shape("recording failed", '"error":{"code":"NO_AUDIO"}', "recording_failed"),
  shape("analysis failed", '"error":"time-out"', "analysis_failed"),
  shape("call started", '"status":"ringing","from_number":911140000000', "call_started"),
];

/** At least 60; each is delivered byte for byte. */
export const SHAPES: readonly Shape[] = [
  ...statuses,
  ...directions,
  ...durations,
  ...transcripts,
  ...analyses,
  ...customArgs,
  ...texts,
  ...otherTypes,
];
