import protobuf from "protobufjs";

export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** `SERVER`, `CLIENT`, `PRODUCER`, `CONSUMER` */
  readonly kind: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** `UNSET`, `OK`, `ERROR` */
  readonly status: string;
  /** Of the process that made it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

// The part of opentelemetry/proto/collector/trace/v1/trace_service.proto that is looked at.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message Span {
    enum SpanKind { UNSPECIFIED = 0; INTERNAL = 1; SERVER = 2; CLIENT = 3; PRODUCER = 4; CONSUMER = 5; }
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4;
    string name = 5; SpanKind kind = 6; fixed64 start_time = 7; fixed64 end_time = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13;
    Status status = 15;
  }
  message Event { fixed64 time = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Status { enum Code { UNSET = 0; OK = 1; ERROR = 2; } string message = 2; Code code = 3; }
`);
const request = root.lookupType("ExportTraceServiceRequest");

interface KeyValue {
  readonly key: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

interface Place {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
}

interface RawSpan extends Place {
  readonly parentSpanId: Uint8Array;
  readonly traceState: string;
  readonly name: string;
  readonly kind: string;
  readonly attributes: readonly KeyValue[];
  readonly events: readonly { readonly name: string; readonly attributes: readonly KeyValue[] }[];
  readonly links: readonly Place[];
  readonly status: { readonly code: string } | null;
}

interface RawRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] } | null;
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

/** The spans in one export, OTLP as protobuf. */
export function exportedSpans(body: Uint8Array): ExportedSpan[] {
  const asObject = { enums: String, longs: Number, defaults: true } as const;
  const { resourceSpans } = request.toObject(request.decode(body), asObject) as RawRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => spanOf(span, attributesOf(resource?.attributes ?? []))),
    ),
  );
}

function spanOf(span: RawSpan, resource: ExportedSpan["resource"]): ExportedSpan {
  const { name, kind, traceState, links, events } = span;
  return {
    ...placeOf(span),
    parentSpanId: hex(span.parentSpanId),
    traceState,
    name,
    kind,
    attributes: attributesOf(span.attributes),
    events: events.map((event) => ({
      name: event.name,
      attributes: attributesOf(event.attributes),
    })),
    links: links.map(placeOf),
    status: span.status?.code ?? "UNSET",
    resource,
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const placeOf = ({ traceId, spanId }: Place) => ({ traceId: hex(traceId), spanId: hex(spanId) });

const attributesOf = (pairs: readonly KeyValue[]): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value ?? {})[0]]));
