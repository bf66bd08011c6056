import { setClock } from "./another-clock.ts";

setClock();
await import("../../../services/dispatcher/src/main.ts");
