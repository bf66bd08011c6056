import { writeGenerated } from "./generated-file.ts";
import { SETTINGS_FILES } from "./settings/documents.ts";

for (const file of SETTINGS_FILES) await writeGenerated(file);
