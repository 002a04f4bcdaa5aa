import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { type ExternalWriter, requireWriter } from "../../providers/database/external/check-external.ts";
import { type Administrator, addressText, type ProbedAddress } from "../../providers/database/external/probe-address.ts";
import type { Ports } from "../ports.ts";
import type { ExternalServer } from "./database-server-document.ts";

/** What was found. */
export interface FoundWriter {
  readonly choice: ExternalWriter;
  /** An IP address, also where a name was given. */
  readonly place: { readonly address: string; readonly port: number };
}

export type FindWriterPorts = Pick<Ports, "probeDatabase" | "secrets">;

/** Who makes databases on an external server. Error: `database/login-refused` while its secret has no user or no password. */
export async function administratorOf({ name, spec }: ExternalServer, { secrets }: Pick<Ports, "secrets">): Promise<Administrator> {
  const { secret } = spec.external.administrator;
  const { user, password } = (await secrets.get(SYSTEM_NAMESPACE, secret)) ?? {};
  if (user !== undefined && password !== undefined) return { user: user.reveal(), password };
  throw new HowdahError(
    "database/login-refused",
    `The secret ${SYSTEM_NAMESPACE}/${secret} of the database server ${name} lacks \`user\` or \`password\``,
  );
}

/** Every address with what it says of itself and which of these databases it lacks, in their order. */
export async function probeExternal(
  document: ExternalServer,
  ports: FindWriterPorts,
  databases: readonly string[] = [],
): Promise<readonly ProbedAddress[]> {
  const administrator = await administratorOf(document, ports);
  const { addresses } = document.spec.external;
  return Promise.all(addresses.map((place) => ports.probeDatabase(place, administrator, { several: addresses.length > 1, databases })));
}

/** The address that sites write to. Errors: those of `requireWriter`. */
export async function findWriter(document: ExternalServer, ports: FindWriterPorts): Promise<FoundWriter> {
  const choice = requireWriter(document.name, await probeExternal(document, ports), document.writer);
  return { choice, place: await placeOf(document, choice.writer) };
}

/** Where an address that was probed leads, by number: nginx and EndpointSlices take no names. */
export async function placeOf({ name, spec }: ExternalServer, writer: string): Promise<FoundWriter["place"]> {
  const found = spec.external.addresses.find((one) => addressText(one) === writer);
  if (found === undefined) throw new TypeError(`${writer} is no address of ${name}`);
  const address = isIP(found.host) > 0 ? found.host : steadyAddress(await lookup(found.host, { all: true }));
  return { address, port: found.port };
}

/**
 * Of several addresses of one name always the same: name servers answer in another order each time, and whoever is led to another address loses its
 * connections. IPv4 first, which every site's network has.
 */
export function steadyAddress(found: readonly LookupAddress[]): string {
  const [first] = found.toSorted((a, b) => a.family - b.family || (a.address < b.address ? -1 : 1));
  if (first === undefined) throw new TypeError("a name that is known has an address");
  return first.address;
}
