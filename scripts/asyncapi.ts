import { ASYNCAPI_FILE } from "./asyncapi/document.ts";
import { writeGenerated } from "./generated-file.ts";

await writeGenerated(ASYNCAPI_FILE);
