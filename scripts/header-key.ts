import { addHeaderKey } from "./local/header-keys.ts";
import { explain } from "./local/wait.ts";

// make header-key FILE=…: a new keys file, or one more key in it. The key itself is not printed.
const [file] = process.argv.slice(2);
try {
  if (file === undefined || file === "") throw new Error("FILE is missing: the path of the file");
  const id = await addHeaderKey(file, new Date());
  console.log(`${file} has the new key '${id}' as its last entry.`);
  console.log(
    "A file that it is alone in is ready for HEADER_ENCRYPTION_KEYS_FILE. To rotate: once every\n" +
      "process has this file, put the new key first, run `make reencrypt`, then remove the old one.",
  );
} catch (error) {
  console.error(`header-key: ${explain(error)}`);
  process.exit(1);
}
