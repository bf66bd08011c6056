import type { paths } from "../../api/schema.gen.ts";

/** The figures of a workspace, as `GET /overview` has them. */
export type Overview = paths["/overview"]["get"]["responses"][200]["content"]["application/json"];
