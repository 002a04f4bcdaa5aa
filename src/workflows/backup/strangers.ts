import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BackupRepository } from "../../providers/backup/backup-repository.ts";
import type { BackupPorts } from "./backup-ports.ts";

/** What backups are of: a site, or a whole server. */
type Kind = "site" | "server";

const MANIFESTS = { site: "manifest", server: "server-manifest" } as const;
const ELSEWHERE =
  "Another machine's have the same name: give this one a place of its own in it (another directory, `s3://host/bucket/prefix`).";

/** Names of which a store holds backups that this machine does not remember: those of another machine with a site, or a server, of the same name. */
export async function strangersIn(
  repository: Pick<BackupRepository, "list">,
  { kind, names, known }: { readonly kind: Kind; readonly names: readonly string[]; readonly known: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const [only] = names.length === 1 ? names : [];
  const parts = await repository.list([`part=${MANIFESTS[kind]}`, ...(only === undefined ? [] : [`${kind}=${only}`])], signal);
  const strange = parts.filter(({ tags }) => !known.has(tagOf(tags, "backup"))).map(({ tags }) => tagOf(tags, kind));
  return names.filter((name) => strange.includes(name)).toSorted();
}

/** Sites of this machine, those whose data is kept included, of which a store holds another machine's backups. */
export async function strangeSites(
  repository: Pick<BackupRepository, "list">,
  { records, retained, backups }: Pick<BackupPorts, "records" | "retained"> & { readonly backups: Pick<BackupPorts["backups"], "records"> },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const here = [...(await records.list()), ...(await retained.list())].map(({ namespace }) => namespace);
  const known = new Set((await backups.records.list()).map(({ id }) => id));
  return await strangersIn(repository, { kind: "site", names: [...new Set(here)], known }, signal);
}

/** Error: `usage/invalid` for a place that holds other machines' backups of sites that this one has. */
export function refuseStrangeSites(sites: readonly string[]): void {
  if (sites.length === 0) return;
  throw new HowdahError(
    "usage/invalid",
    `That place holds backups of ${sites.join(", ")} that this machine did not make: they would be mixed`,
    {
      hint: `${ELSEWHERE} Are they its own, from before it was set up anew? \`--mine\` remembers them.`,
    },
  );
}

/** A site or server that is to be backed up, and what this machine remembers of its backups. */
interface ToBackUp {
  readonly kind: Kind;
  readonly name: string;
  readonly store: string;
  readonly remembered: readonly { readonly id: string; readonly store: string; readonly state: string }[];
}

/**
 * Before the first backup of a site, or of a server, in a store: a restore of the newest one would bring another machine's. Error: `usage/invalid`. Who has
 * made one there already is not asked again.
 */
export async function refuseStranger(
  { kind, name, store, remembered }: ToBackUp,
  repository: Pick<BackupRepository, "list">,
  signal: AbortSignal,
): Promise<void> {
  if (remembered.some((one) => one.store === store && one.state === "done")) return;
  const known = new Set(remembered.map(({ id }) => id));
  if ((await strangersIn(repository, { kind, names: [name], known }, signal)).length === 0) return;
  const what = kind === "site" ? name : `a server ${name}`;
  const own = kind === "site" ? "`howdah backup store set PLACE --mine`" : `\`howdah backup server ls ${name} --from-store\``;
  throw new HowdahError("usage/invalid", `The store holds backups of ${what} that this machine did not make: they would be mixed`, {
    hint: `${ELSEWHERE} Are they its own, from before it was set up anew? ${own} remembers them.`,
  });
}

function tagOf(tags: readonly string[], name: string): string {
  return tags.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}
