import { OPENAPI_FILE } from "./openapi/document.ts";
import { writeGenerated } from "./generated-file.ts";

await writeGenerated(OPENAPI_FILE);
