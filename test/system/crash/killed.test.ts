import { failOnLeaks } from "../../harness/process/leaks.ts";
import { testKills } from "./kills.ts";

failOnLeaks();
testKills("dispatcher");
