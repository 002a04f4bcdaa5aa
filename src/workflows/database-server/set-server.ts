import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import { type ExternalWriter, requireWriter } from "../../providers/database/external/check-external.ts";
import type { Administrator } from "../../providers/database/external/probe-address.ts";
import { DATABASE_SERVER_NAME } from "../../resources/schema/database-server.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { shownTask } from "../shown-task.ts";
import { OWN_SERVERS } from "../up/choose-server.ts";
import { type DatabaseServerDocument, type ExternalServer, isExternal } from "./database-server-document.ts";
import { administratorOf } from "./find-writer.ts";
import { followWriter } from "./follow-writers.ts";
import { namesOf, refuseWithoutDatabases } from "./refuse-without-databases.ts";
import { databasesOn } from "./sites-on.ts";
import { refuseOwnAddress, type ServerAddress } from "./server-address.ts";

/** An external server as a person names it. What is left out stays as it is. */
export interface WantedExternal {
  readonly name: string;
  readonly addresses?: readonly ServerAddress[];
  readonly user?: string;
  readonly password?: Secret;
  readonly default?: boolean;
  /** Null: everybody. */
  readonly tenants?: readonly string[] | null;
  /** Take other addresses though databases of sites are not there. */
  readonly force?: boolean;
}

export type SetServerPorts = Pick<
  Ports,
  "databaseServers" | "secrets" | "probeDatabase" | "engine" | "locks" | "records" | "retained" | "databaseMoves"
>;

/** What is there now. */
export interface SetServer {
  readonly document: ExternalServer;
  readonly choice: ExternalWriter;
}

/**
 * Makes an external server known, or changes what is known of it, once it was asked: nothing is kept of one that can't be used. Errors: `usage/invalid`,
 * those of `requireWriter`; `database/not-there` when other addresses lack databases of sites.
 */
export async function setServer(wanted: WantedExternal, ports: SetServerPorts, context: EngineContext): Promise<SetServer> {
  requireName(wanted.name);
  const former = await ports.databaseServers.get(wanted.name);
  const document = documentOf(wanted, former);
  for (const address of document.spec.external.addresses) refuseOwnAddress(address);
  const administrator = await administratorFor(wanted, document, former, ports);
  const { addresses } = document.spec.external;
  const databases = wanted.force === true || former === undefined ? [] : await databasesOn(wanted.name, ports);
  const choice = await shownTask(`database-server/${wanted.name}`, `ask ${wanted.name}`, context, async () => {
    const several = addresses.length > 1;
    const probed = await Promise.all(
      addresses.map((place) => ports.probeDatabase(place, administrator, { several, databases: namesOf(databases) })),
    );
    const found = requireWriter(wanted.name, probed, document.writer);
    refuseWithoutDatabases({ former: document, now: document.spec.external.addresses, writer: found.writer }, databases, probed);
    return found;
  });
  const kept: ExternalServer = { ...document, writer: choice.writer };
  const { user, password } = administrator;
  const secret = { user: new Secret(user, "a database server's administrator"), password };
  await ports.secrets.set(SYSTEM_NAMESPACE, document.spec.external.administrator.secret, secret);
  await ports.databaseServers.put(wanted.name, kept);
  if (kept.spec.default) await takeDefaultFromOthers(wanted.name, ports);
  await followWriter(kept, ports, context);
  return { document: kept, choice };
}

function requireName(name: string): void {
  if (DATABASE_SERVER_NAME.test(name) && !name.startsWith(OWN_SERVERS) && !name.startsWith("howdah-")) return;
  throw new HowdahError("usage/invalid", `${JSON.stringify(name)} can't be a database server's name`, {
    hint: "Lower-case letters, digits and hyphens, starting with a letter, at most 40; not beginning with `mariadb-` or `howdah-`.",
  });
}

function documentOf(wanted: WantedExternal, former: DatabaseServerDocument | undefined): ExternalServer {
  if (former !== undefined && !isExternal(former)) throw new HowdahError("usage/invalid", `${wanted.name} is no external server`);
  const addresses = wanted.addresses ?? former?.spec.external.addresses;
  if (addresses === undefined) throw new HowdahError("usage/invalid", `Where is ${wanted.name}?`, { hint: "Add --address HOST[:PORT]." });
  const tenants = wanted.tenants === undefined ? former?.spec.tenants : (wanted.tenants ?? undefined);
  return {
    name: wanted.name,
    spec: {
      kind: "external",
      default: wanted.default ?? former?.spec.default ?? false,
      ...(tenants === undefined ? {} : { tenants: [...tenants] }),
      external: {
        addresses: [...addresses],
        administrator: former?.spec.external.administrator ?? { secret: `${wanted.name}-administrator` },
      },
    },
    ...(former?.writer === undefined ? {} : { writer: former.writer }),
    ...(former?.way === undefined ? {} : { way: former.way }),
  };
}

async function administratorFor(
  { user, password, name }: WantedExternal,
  document: ExternalServer,
  former: DatabaseServerDocument | undefined,
  ports: SetServerPorts,
): Promise<Administrator> {
  const known = former === undefined ? undefined : await administratorOf(document, ports);
  const [who, secret] = [user ?? known?.user, password ?? (user === undefined || user === known?.user ? known?.password : undefined)];
  if (who === undefined || who === "")
    throw new HowdahError("usage/invalid", `Who makes databases on ${name}?`, { hint: "Add --administrator USER." });
  if (secret !== undefined) return { user: who, password: secret };
  throw new HowdahError("usage/invalid", `The password of ${who} on ${name} is needed`, {
    hint: "Type it when asked, or add --password-file FILE (`-` is standard input).",
  });
}

async function takeDefaultFromOthers(name: string, { databaseServers }: SetServerPorts): Promise<void> {
  for (const other of await databaseServers.list())
    if (other.name !== name && other.spec.default)
      await databaseServers.put(other.name, { ...other, spec: { ...other.spec, default: false } });
}
