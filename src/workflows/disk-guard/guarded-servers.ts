import { join } from "node:path";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { roomOf, sizeOfFiles, sizesBelow } from "../../host/directory-room.ts";
import type { Ports } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import type { GuardedServer } from "./watch-disk.ts";

/** What finding them needs. */
export interface GuardedServersPorts extends Pick<Ports, "records" | "engine" | "tenants"> {
  /** Where a volume of this machine lies; undefined when it is not there. */
  readonly volumePath: (namespace: string, claim: string) => Promise<string | undefined>;
}

/** The data directory on the volume, as src/entrypoint/mariadb/entrypoint.sh makes it. */
export const DATA_DIRECTORY = "data";

/** Databases that come with a server. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(["mysql", "sys", "performance_schema", "information_schema"]);

/** Whether a directory of a server's data is a database of Howdah's making: others have names that it never gives. */
export function isDatabaseDirectory(name: string): boolean {
  return !OF_THE_SERVER.has(name) && /^[a-z0-9_]+$/.test(name);
}

/** Servers of this machine that sites have a database on. One that has no volume here (another machine's) is left out: its disk is not ours to watch. */
export async function guardedServers(ports: GuardedServersPorts): Promise<readonly GuardedServer[]> {
  const names = new Set((await ports.records.list()).flatMap(({ database }) => (database === null ? [] : [database.server])));
  const found = await Promise.all([...names].sort().map((name) => guardedServer(name, ports)));
  return found.filter((server) => server !== undefined);
}

async function guardedServer(name: string, ports: GuardedServersPorts): Promise<GuardedServer | undefined> {
  const path = await ports.volumePath(SYSTEM_NAMESPACE, name);
  return path === undefined ? undefined : serverOnVolume(path, serverReference(name, ports), () => limitsOn(name, ports));
}

/** What the profiles of its sites' tenants give: the bound of a site's storage is the most that its database may take of it. */
async function limitsOn(server: string, { records, tenants }: GuardedServersPorts): Promise<ReadonlyMap<string, number>> {
  const bounds = new Map((await tenants?.list())?.map((tenant) => [tenant.uid, tenant.bounds.diskBytes]));
  const all = (await records.list()).flatMap(({ site, database }): [string, number][] => {
    const bytes = site.tenant === undefined ? undefined : bounds.get(site.tenant.uid);
    return database?.server !== server || bytes === undefined || bytes === null ? [] : [[database.name, bytes]];
  });
  return new Map(all);
}

/** A server whose volume lies in a directory of this machine. */
export function serverOnVolume(path: string, reference: GuardedServer["reference"], limits: GuardedServer["limits"]): GuardedServer {
  return {
    ...{ reference, limits },
    room: () => roomOf(path),
    async sizes() {
      const all = await sizesBelow(join(path, DATA_DIRECTORY));
      return new Map([...all].filter(([name]) => isDatabaseDirectory(name)));
    },
    async ownBytes() {
      const below = [...(await sizesBelow(join(path, DATA_DIRECTORY)))].filter(([name]) => OF_THE_SERVER.has(name));
      return below.reduce((sum, [, bytes]) => sum + bytes, await sizeOfFiles(join(path, DATA_DIRECTORY)));
    },
  };
}
