import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { BackupRepository, StoreLocation } from "../../providers/backup/backup-repository.ts";
import { parseLocation, printLocation } from "../../providers/backup/parse-location.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { StoreDocument } from "./backup-record.ts";
import { rememberSite } from "./remember-site.ts";
import { refuseStrangeSites, strangeSites } from "./strangers.ts";

/** Howdah's own secret with the password of all its stores. */
export const BACKUP_SECRET = "backup";
/** The name that a store has when nobody gives it one. */
export const DEFAULT_STORE = "default";
const NAME = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;
/** 256 bits, of letters and digits: a person may have to type it. */
const PASSWORD = { bytes: 43, encoding: "alphanumeric" } as const;

type StorePorts = Pick<BackupPorts, "secrets" | "backups" | "clock">;
type SetPorts = StorePorts & Pick<BackupPorts, "records" | "retained">;

function keysName(store: string): string {
  return `backup-store-${store}`;
}

/** The password that encrypts everything in every store. Made once; whoever loses it loses the backups. */
export async function backupKey(ports: Pick<BackupPorts, "secrets">): Promise<Secret> {
  return await ports.secrets.getOrGenerate(SYSTEM_NAMESPACE, BACKUP_SECRET, "password", PASSWORD);
}

/** Takes the password that was kept elsewhere, on a machine that has none yet. Error: `usage/invalid` when it would replace another. */
export async function setBackupKey(text: string, ports: Pick<BackupPorts, "secrets">): Promise<void> {
  const password = text.trim();
  if (!/^[\x21-\x7e]{16,128}$/.test(password)) throw new HowdahError("usage/invalid", "That is no key of Howdah's backups");
  const there = (await ports.secrets.get(SYSTEM_NAMESPACE, BACKUP_SECRET))?.["password"];
  if (there !== undefined && there.reveal() !== password)
    throw new HowdahError("usage/invalid", "This machine has another key already, and backups that only it opens", {
      hint: "Keep that one first: `howdah backup key`. `howdah backup key --forget` then makes room.",
    });
  await ports.secrets.set(SYSTEM_NAMESPACE, BACKUP_SECRET, { password: new Secret(password, "backup key") });
}

/** Forgets the password; what it opens stays closed. Error: `usage/invalid` while a store is set. */
export async function forgetBackupKey(ports: StorePorts): Promise<void> {
  const stores = await ports.backups.stores.list();
  if (stores.length > 0) throw new HowdahError("usage/invalid", `The store ${stores[0]?.name ?? ""} is set, and only this key opens it`);
  await ports.secrets.remove(SYSTEM_NAMESPACE, BACKUP_SECRET, "password");
}

/** What a person asks for. */
export interface WantedStore {
  readonly name: string;
  readonly location: StoreLocation;
  /** Of S3. */
  readonly keys: { readonly id: string; readonly secret: string } | null;
  /** Backups there of sites that this machine has are its own, from before it was set up anew. */
  readonly mine?: boolean;
}

/** Opens or makes a store and remembers it, only when that worked. Answers whether it was made. Error: `usage/invalid`, those of the store. */
export async function setStore(wanted: WantedStore, ports: SetPorts, signal: AbortSignal): Promise<boolean> {
  const { name, location, keys } = wanted;
  if (!NAME.test(name)) throw new HowdahError("usage/invalid", `${JSON.stringify(name)} can't be the name of a store`);
  const kept = keys === null ? await keysOf(name, ports) : secretKeys(keys, name);
  if (location.kind === "s3" && kept === null)
    throw new HowdahError("usage/invalid", "A store on S3 needs an access key", {
      hint: "Give its name with --access-key, and the secret key on standard input.",
    });
  const access = { location, password: await backupKey(ports), keys: location.kind === "s3" ? kept : null };
  const repository = ports.backups.open(access);
  const made = await repository.ensure(signal);
  if (await knowsBackupsElsewhere(wanted, ports)) await requireBackups(repository, name, signal);
  const strange = made ? [] : await strangeSites(repository, ports, signal);
  if (wanted.mine !== true) refuseStrangeSites(strange);
  if (keys !== null && kept !== null) await ports.secrets.set(SYSTEM_NAMESPACE, keysName(name), { id: kept.id, secret: kept.secret });
  await ports.backups.stores.put(name, { name, location, setAt: new Date(ports.clock.now()).toISOString() });
  for (const namespace of strange) await rememberSite(namespace, { repository, store: name }, ports, signal);
  return made;
}

/** Whether backups are known by the store's name that are in another place. */
async function knowsBackupsElsewhere({ name, location }: WantedStore, { backups }: StorePorts): Promise<boolean> {
  const former = await backups.stores.get(name);
  if (former === undefined || printLocation(former.location) === printLocation(location)) return false;
  const all = [...(await backups.records.list()), ...(await backups.servers.list())];
  return all.some((one) => one.store === name && one.state === "done");
}

/** They would be looked for, and deleted, where they are not: a place is only taken for theirs when backups lie there, as after a move of the whole. */
async function requireBackups(repository: Pick<BackupRepository, "list">, name: string, signal: AbortSignal): Promise<void> {
  for (const part of ["part=manifest", "part=server-manifest"]) if ((await repository.list([part], signal)).length > 0) return;
  throw new HowdahError("usage/invalid", `Backups of the store ${name} are in another place, and this one has none`, {
    hint: "Give the new place a name of its own (`--name`), and schedules `--store` with it. A place that was moved with all that lies there is taken.",
  });
}

function secretKeys({ id, secret }: { readonly id: string; readonly secret: string }, name: string) {
  return { id: new Secret(id, `${name}/id`), secret: new Secret(secret.trim(), `${name}/secret`) };
}

async function keysOf(name: string, ports: Pick<BackupPorts, "secrets">) {
  const kept = await ports.secrets.get(SYSTEM_NAMESPACE, keysName(name));
  const { id, secret } = kept ?? {};
  return id === undefined || secret === undefined ? null : { id, secret };
}

/** The store that a person means: by name, or the only one. Error: `backup/no-store`. */
export async function findStore(
  name: string | undefined,
  ports: { readonly backups: Pick<BackupPorts["backups"], "stores"> },
): Promise<StoreDocument> {
  const stores = await ports.backups.stores.list();
  const found =
    name === undefined ? (stores.find((one) => one.name === DEFAULT_STORE) ?? stores[0]) : stores.find((one) => one.name === name);
  if (found !== undefined) return found;
  const others = stores.map((one) => one.name).join(", ");
  if (others === "") throw new HowdahError("backup/no-store", "No place for backups is set on this machine");
  throw new HowdahError("backup/no-store", `There is no store ${JSON.stringify(name)}`, { hint: `There are: ${others}.` });
}

/** Opens a store with its keys. */
export async function openStore(store: StoreDocument, ports: Pick<BackupPorts, "backups" | "secrets">): Promise<BackupRepository> {
  const keys = store.location.kind === "s3" ? await keysOf(store.name, ports) : null;
  return ports.backups.open({ location: store.location, password: await backupKey(ports), keys });
}

/** Forgets a store and its keys; what lies in it stays there. Error: `usage/invalid` while a schedule uses it. */
export async function removeStore(name: string, ports: StorePorts): Promise<StoreDocument> {
  const store = await findStore(name, ports);
  const [site] = (await ports.backups.schedules.list()).filter((one) => one.store === name);
  const [server] = (await ports.backups.serverSchedules.list()).filter((one) => one.store === name);
  const user = site ?? server;
  if (user !== undefined)
    throw new HowdahError("usage/invalid", `The schedule of ${user.namespace} uses the store ${name}`, {
      hint: `\`howdah backup ${site === undefined ? "server " : ""}schedule ${user.namespace} --off\` first.`,
    });
  await ports.backups.stores.remove(name);
  await ports.secrets.remove(SYSTEM_NAMESPACE, keysName(name));
  return store;
}

/** A store as lists show it. */
export function storeWords(store: StoreDocument): string {
  return printLocation(store.location);
}

/** A place as people write it. Error: `usage/invalid`. */
export function locationFrom(place: string, sshConfig: string | null): StoreLocation {
  return parseLocation(place, sshConfig);
}
