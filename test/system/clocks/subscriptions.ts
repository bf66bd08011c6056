import { setClock } from "./another-clock.ts";

setClock();
await import("../../../services/subscriptions/src/main.ts");
