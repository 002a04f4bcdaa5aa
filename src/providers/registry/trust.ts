import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a TLS connection to one registry trusts and shows. PEM texts. */
export interface Trust {
  readonly ca: readonly string[];
  /** The client's own certificate and key, where one lies beside the authority. */
  readonly client: { readonly cert: string; readonly key: string } | undefined;
}

/**
 * What the machine trusts (Debian's bundle), and what `certs.d` has for this registry as containers-certs.d(5) says: `HOST:PORT/*.crt` are
 * authorities, `NAME.cert` with `NAME.key` is what we show. Without a bundle, Node's own list stands in.
 */
export async function trustFor(host: string, certificateDirectories: readonly string[], bundle: string): Promise<Trust> {
  const ca: string[] = [];
  const machine = await readFile(bundle, "utf8").catch(() => undefined);
  ca.push(...(machine === undefined ? (await import("node:tls")).rootCertificates : [machine]));
  let client: Trust["client"];
  for (const directory of certificateDirectories.map((one) => join(one, host))) {
    const names: readonly string[] = await readdir(directory).catch(() => []);
    for (const name of names.toSorted()) {
      if (name.endsWith(".crt")) ca.push(await readFile(join(directory, name), "utf8"));
      if (name.endsWith(".cert")) {
        const [cert, key] = await Promise.all([
          readFile(join(directory, name), "utf8"),
          readFile(join(directory, name.replace(/cert$/, "key")), "utf8").catch(() => undefined),
        ]);
        if (key !== undefined) client = { cert, key };
      }
    }
  }
  return { ca, client };
}
