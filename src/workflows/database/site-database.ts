import type { Target } from "../../engine/engine.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { DATABASE_SECRET } from "../../kernel/own-names.ts";
import type { Secret } from "../../kernel/secret.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import type { Ports, SiteDatabase, SiteRecord } from "../ports.ts";
import { workloadOfServer } from "../up/database-server.ts";

/** The database of a site that runs here. Error: `usage/invalid` when it has none. */
export function siteDatabase(record: SiteRecord): SiteDatabase {
  if (record.database !== null) return record.database;
  throw new HowdahError("usage/invalid", `${record.site.name} has no database`, { hint: "`spec.database` in its site file gives it one." });
}

/** The container of the server that holds a site's database: client programs run there, beside its socket. */
export function serverTarget(record: SiteRecord): Target {
  return { ...workloadOfServer(siteDatabase(record).server), container: DATABASE_CONTAINER };
}

/** The site's own password. Error: `database/failed` when it is lost. */
export async function sitePassword(record: SiteRecord, ports: Pick<Ports, "secrets">): Promise<Secret> {
  const password = (await ports.secrets.get(record.namespace, DATABASE_SECRET))?.["password"];
  if (password !== undefined) return password;
  throw new HowdahError("database/failed", `The password of ${record.site.name}'s database is not in the secret store`, {
    hint: "`howdah up` makes a new one.",
  });
}

/**
 * The client in the server's container as the site's own user, so that whatever is sent to it stays in the site's database.
 * `--sandbox` (10.5.25 and later; `loose` lets older ones ignore it) and `--binary-mode` take away the client's own commands
 * (shell, files); `from` is `stdin` or the file that holds
 * the password, which never is an argument.
 */
export function clientArgv(record: SiteRecord, from: string, options: readonly string[]): string[] {
  const { name, user, client } = siteDatabase(record);
  // A client of 11.4 and later refuses a server without a known certificate; it still encrypts where it can.
  const place =
    client === undefined
      ? [`--socket=${DATABASE_PATHS.socket}`]
      : [`--host=${client.host}`, `--port=${String(client.port)}`, "--skip-ssl-verify-server-cert"];
  return [
    DATABASE_PATHS.clientScript,
    from,
    ...place,
    `--user=${user}`,
    "--default-character-set=utf8mb4",
    "--local-infile=0",
    "--loose-sandbox",
    ...options,
    `--database=${name}`,
  ];
}

/**
 * What the client is told that brings a whole database: a row of 64 MB, and no bound of a statement's time, which is of a tenant's requests. An index of a large
 * table takes longer, and a database that was emptied for its content has to get it.
 */
export const BRINGING_OPTIONS: readonly string[] = ["--max-allowed-packet=64M", "--init-command=SET SESSION max_statement_time=0"];
