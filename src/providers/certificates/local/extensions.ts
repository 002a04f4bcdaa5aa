import { HowdahError } from "../../../kernel/howdah-error.ts";

const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const HOSTNAME = new RegExp(`^(\\*\\.)?${LABEL}(\\.${LABEL})*$`);

/** The names in one order, without repeats. `*` is allowed as the whole first label; OpenSSL and
 * browsers don't believe it straight below a top-level name (`*.localhost`), so sites name their hostnames in full. Error: `usage/invalid`. */
export function certificateNames(hostnames: readonly string[]): readonly string[] {
  const wrong = hostnames.find((name) => name.length > 253 || !HOSTNAME.test(name));
  if (wrong !== undefined) throw new HowdahError("usage/invalid", `${JSON.stringify(wrong)} is no hostname for a certificate`);
  if (hostnames.length === 0) throw new HowdahError("usage/invalid", "A certificate needs a hostname");
  return [...new Set(hostnames)].sort();
}

/** openssl's configuration for the authority. It signs servers' certificates and no other authorities. */
export const authorityConfiguration = `[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
organizationName = Howdah
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
`;

/** openssl's extensions for a server's certificate. The names have passed `certificateNames`: they hold no comma and no line end. */
export function serverExtensions(names: readonly string[]): string {
  return `basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = ${names.map((name) => `DNS:${name}`).join(", ")}
`;
}
