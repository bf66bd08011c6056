import { isPair } from "./pem-files.ts";
import type { SettingsRule } from "./settings.ts";

/** NATS takes a certificate only with its key. */
export const natsCertificateRule: SettingsRule = (values, valid) => {
  const [cert, key] = ["NATS_TLS_CERT_FILE", "NATS_TLS_KEY_FILE"] as const;
  if ((values[cert] === undefined) !== (values[key] === undefined)) {
    const [set, missing] = values[key] === undefined ? [cert, key] : [key, cert];
    return `${missing}: is required, as ${set} is set`;
  }
  const [certFile, keyFile] = [valid[cert], valid[key]];
  if (typeof certFile !== "string" || typeof keyFile !== "string") return undefined;
  return isPair(certFile, keyFile)
    ? undefined
    : `${key}: '${keyFile}' is not the key of the first certificate in ${cert}`;
};

/** Two servers of one process cannot listen on one port. `0` means any free port. */
export const differentPortsRule =
  (one: string, other: string): SettingsRule =>
  (_, valid) => {
    const port = valid[one];
    return typeof port === "number" && port !== 0 && port === valid[other]
      ? `${one}: is ${port}, as ${other} is: expected two different ports`
      : undefined;
  };
