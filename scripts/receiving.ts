import { writeGenerated } from "./generated-file.ts";
import { RECEIVING_FILE } from "./receiving/page.ts";

await writeGenerated(RECEIVING_FILE);
