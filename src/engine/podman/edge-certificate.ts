import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EdgePorts } from "./edge-ports.ts";

/** PEM texts: a certificate with its chain, and its key. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/** Where a route's certificate comes from: the value of its TLS annotation. */
export interface CertificateWanted {
  readonly namespace: string;
  readonly hostnames: readonly string[];
  /** `local`, or the name of a secret with `tls.crt` and `tls.key`. */
  readonly tls: string;
}

/** OpenSSL's level 2, which Debian's nginx keeps: it refuses its whole configuration for a shorter key. */
const RSA_BITS = 2048;

/**
 * A route's certificate, proven to be usable: nginx refuses its whole configuration, all sites, for one that is not.
 * Errors: `config/rejected` naming the secret and what is wrong with it; those of the local authority.
 */
export async function usableCertificate(
  ports: { readonly secrets: Pick<EdgePorts["secrets"], "read">; readonly certificateFor: EdgePorts["certificateFor"] },
  wanted: CertificateWanted,
): Promise<CertificatePair> {
  if (wanted.tls === "local") {
    const paths = await ports.certificateFor(wanted.hostnames);
    return { certificate: await readFile(paths.certificate, "utf8"), key: await readFile(paths.key, "utf8") };
  }
  const { data } = await ports.secrets.read(wanted.namespace, wanted.tls);
  const [certificate, key] = [data["tls.crt"]?.reveal(), data["tls.key"]?.reveal()];
  if (certificate === undefined || key === undefined) throw rejected(wanted.tls, "it lacks tls.crt or tls.key");
  const wrong = faultOf({ certificate, key });
  if (wrong !== undefined) throw rejected(wanted.tls, wrong);
  return { certificate, key };
}

function rejected(secret: string, wrong: string): HowdahError {
  return new HowdahError("config/rejected", `The secret "${secret}" is no certificate that nginx can use: ${wrong}`, {
    hint: "`tls.crt` is the certificate and its chain, `tls.key` its private key without a passphrase, both PEM.",
  });
}

/** What is wrong with a pair, or nothing. Never names a part of the key. */
export function faultOf({ certificate, key }: CertificatePair): string | undefined {
  const blocks = certificate.match(/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (TRUSTED |X509 )?CERTIFICATE-----/g) ?? [];
  const begun = certificate.match(/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || blocks.length !== begun.length) return "tls.crt is not a PEM certificate";
  const chain = blocks.map((block) => attempt(() => new X509Certificate(block)));
  const [own] = chain;
  if (own === undefined || chain.includes(undefined)) return "tls.crt is not a PEM certificate";
  const secret = attempt(() => createPrivateKey(key));
  if (secret === undefined) return "tls.key is not a PEM private key without a passphrase";
  if (!own.checkPrivateKey(secret)) return "tls.key does not belong to tls.crt";
  const bits = secret.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < RSA_BITS) return `its key has ${String(bits)} bits, fewer than ${String(RSA_BITS)}`;
  // The same calls as nginx' own: what OpenSSL finds wrong beyond that (SHA-1, odd curves).
  if (attempt(() => createSecureContext({ cert: certificate, key })) === undefined) return "OpenSSL refuses it";
  return undefined;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined; // OpenSSL's words name functions, not what a person did wrong
  }
}
