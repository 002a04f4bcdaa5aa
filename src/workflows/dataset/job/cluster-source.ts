import { HowdahError } from "../../../kernel/howdah-error.ts";
import { DATABASE_SECRET } from "../../../kernel/own-names.ts";
import { brokenViews } from "../../../providers/database/mariadb/broken-views.ts";
import type { SqlClient } from "../../../providers/database/mariadb/sql-client.ts";
import type { PodServers } from "../../../providers/dataset/pods/pod-private-servers.ts";
import type { PrivateServer } from "../../../providers/dataset/private-server.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import { BREED_PATHS } from "../../../render/dataset/breed-paths.ts";
import { dumpArgv } from "../../database/dump-database.ts";
import { siteDatabase } from "../../database/site-database.ts";
import type { EngineContext, Ports, SiteRecord } from "../../ports.ts";
import type { BreedSource } from "../breed-source.ts";
import { captureDump, LOAD_OPTIONS } from "../capture/capture-dump.ts";
import { readSchema } from "../read-schema.ts";

/** What a source of a cluster's breed acts on. */
export interface ClusterSourcePorts {
  readonly servers: PodServers;
  readonly clock: Ports["clock"];
  /** Asks the site's server as the site's own user. */
  ask<T>(work: (client: SqlClient) => Promise<T>): Promise<T>;
}

const MIB = 1024 * 1024;

/**
 * Words: DATABASE of the private server, then mariadb-dump's argument list. No byte of it is written to a disk on the way. The private server knows no
 * accounts, so that the password means nothing to it.
 */
const LOAD = `set -euo pipefail
MYSQL_PWD=$(cat ${BREED_PATHS.password}/password)
export MYSQL_PWD
into=$1
shift
{ "$@" | tee /dev/fd/3 | mariadb --no-defaults --socket=${DATABASE_PATHS.socket} ${LOAD_OPTIONS.join(" ")} "$into" >/dev/null; } 3>&1 | wc -c
`;

/** The site's own server, wherever it is: as SQL of one moment, without a lock, that one program reads there and writes to a private server. */
export function clusterSource(record: SiteRecord, image: string, ports: ClusterSourcePorts): BreedSource {
  const { server, name } = siteDatabase(record);
  const { version = "11.8", charset = "utf8mb4", collation = "utf8mb4_unicode_ci" } = record.site.database ?? {};
  return {
    source: { kind: "site", server, database: name },
    schema: () => ports.ask((client) => readSchema(client, name)),
    image: () => Promise.resolve(image),
    capture: (quarantine, context) => {
      const load = (into: PrivateServer): Promise<number> => loadFromSite(record, into, image, { ports, context });
      return captureDump({ name, version, charset, collation, load }, quarantine, ports, context);
    },
  };
}

async function loadFromSite(
  record: SiteRecord,
  into: PrivateServer,
  image: string,
  { ports, context: { emit, signal } }: { readonly ports: ClusterSourcePorts; readonly context: EngineContext },
): Promise<number> {
  const { name, host, port, user } = siteDatabase(record);
  const broken = await ports.ask((client) => brokenViews(client, name));
  for (const view of broken)
    emit({ type: "notice", level: "warning", message: `The view ${view} refers to tables that are gone: it is not in the dataset` });
  const place = ["--no-defaults", `--host=${host}`, `--port=${String(port)}`, `--user=${user}`, "--skip-ssl-verify-server-cert"];
  const dump = dumpArgv({ name }, broken).filter((option) => !/^--(defaults-file|socket)=/.test(option));
  const program = { image, argv: ["sh", "-c", LOAD, "sh", name, ...dump.toSpliced(1, 0, ...place)], memoryBytes: 1024 * MIB };
  const { code, lastLines } = await ports.servers.load(
    into,
    { ...program, secret: { name: DATABASE_SECRET, at: BREED_PATHS.password } },
    signal,
  );
  if (code !== 0)
    throw new HowdahError("dataset/failed", `${name} could not be read: the program that dumps it ended with exit code ${String(code)}`, {
      output: lastLines,
    });
  return Number(lastLines.map((line) => /^\d+$/.exec(line)?.[0]).find((bytes) => bytes !== undefined) ?? 0);
}
