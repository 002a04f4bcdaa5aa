import { HowdahError } from "../../kernel/howdah-error.ts";
import { isExternal } from "../database-server/database-server-document.ts";
import { judgeExternal } from "../database-server/judge-external.ts";
import { type DiskGuardRecord, type DiskTakers, mostTaker } from "../disk-guard/disk-guard-record.ts";
import type { Ports } from "../ports.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix?: string;
}

type CheckPorts = Pick<Ports, "databaseServers" | "probeDatabase" | "secrets" | "diskGuards">;

/** What is wrong with servers that sites have their databases on: one outside without a writer, a disk that fills and who fills it. Nothing for those that are well. */
export async function checkDatabaseServers(ports: CheckPorts): Promise<readonly Check[]> {
  const externals = (await ports.databaseServers.list()).filter(isExternal);
  const writers = await Promise.all(
    externals.map(async (document): Promise<Check | undefined> => {
      const failure = await judgeExternal(document, ports).then(
        (judged) => judged.failure,
        (error: unknown) => error as Error,
      );
      if (failure === undefined) return undefined;
      if (!(failure instanceof HowdahError)) throw failure;
      return { name: `database server ${document.name}`, ok: false, detail: failure.message, fix: fixOf(document.name, failure) };
    }),
  );
  const disks = ((await ports.diskGuards?.list()) ?? []).filter(({ level }) => level !== "fine").map(diskCheck);
  return [...writers.filter((check) => check !== undefined), ...disks];
}

/** Howdah promotes nobody: which copy is whole, the database's own tools know better. */
function fixOf(name: string, { code, hint }: HowdahError): string {
  if (code !== "database/no-writer") return hint ?? `howdah db server check ${name}`;
  return `Promote a replica, or set read_only=OFF on the one server that shall write; sites follow within ten seconds: howdah db server check ${name}`;
}

const FILLS: Readonly<Record<keyof DiskTakers, { readonly what: string; readonly fix: string }>> = {
  databases: { what: "most of it are databases", fix: "docs/how-to/when-the-database-disk-is-full.md" },
  server: { what: "most of it are the server's own logs", fix: "docs/how-to/when-the-database-disk-is-full.md" },
  others: {
    what: "most of it are files beside databases",
    fix: "howdah usage and docs/how-to/disk-space.md: uploads, images and other files",
  },
};

function diskCheck(record: DiskGuardRecord): Check {
  const { server, usedPercent, blocked, takes } = record;
  const most = mostTaker(record) ?? "databases";
  const stopped = blocked.length === 0 ? "" : `; may not write: ${blocked.map(({ database }) => database).join(", ")}`;
  const parts =
    takes === undefined
      ? ""
      : `: databases ${gib(takes.databases)}, the server itself ${gib(takes.server)}, everything else ${gib(takes.others)}; ${FILLS[most].what}`;
  return { name: `disk of ${server}`, ok: false, detail: `${String(usedPercent)} % used${parts}${stopped}`, fix: FILLS[most].fix };
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
