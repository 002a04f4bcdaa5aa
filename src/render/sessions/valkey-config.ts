import { HowdahError } from "../../kernel/howdah-error.ts";

/** Where the server's files lie in its container. */
export const VALKEY_PATHS = {
  program: "/usr/bin/valkey-server",
  client: "/usr/bin/valkey-cli",
  config: "/etc/howdah/valkey",
  users: "/etc/howdah/valkey-users",
  data: "/var/lib/howdah/valkey",
} as const;

/** Bytes of sessions with what the server needs to keep them: 47,700 of 1 kB (measured on 8.1.1). */
const DATA_BYTES = 64 * 1024 ** 2;

/**
 * The container's limit: the full server has 81 MB (measured). Rewriting the log forks: pages that change meanwhile are there twice, in the
 * worst case all of them.
 */
export const VALKEY_MEMORY = "192Mi";

/** Size of the volume: the log is rewritten at 64 MiB and twice its last size, so that the old and the new one take 200 MiB at most. */
export const VALKEY_STORAGE = "1Gi";

const directives: readonly (readonly [key: string, value: string | number])[] = [
  ["port", 6379],
  // Users decide who may do what; this mode would refuse everybody who is not on the same machine.
  ["protected-mode", "no"],
  ["aclfile", `${VALKEY_PATHS.users}/users.acl`],
  ["databases", 1],
  ["dir", VALKEY_PATHS.data],
  // Every change goes to the log at once and to the disk each second: the loss of the pod, or of power, costs a second of sessions.
  ["appendonly", "yes"],
  ["appendfsync", "everysec"],
  ["auto-aof-rewrite-min-size", DATA_BYTES],
  ["save", ""],
  ["maxmemory", DATA_BYTES],
  // Full, the session that was not used longest goes, which is a robot's as a rule. With noeviction nobody could sign in any more. Not the
  // one that ends first (volatile-ttl): locks end before sessions.
  ["maxmemory-policy", "volatile-lru"],
  // PHP keeps a connection for each of its workers; those of lost pods are closed within two minutes.
  ["maxclients", 4000],
  ["timeout", 0],
  ["tcp-keepalive", 60],
  ["hide-user-data-from-log", "yes"],
];

/** The text of valkey.conf: one setting a line, each of the grammar that needs no quotes. Error: `render/unsafe`. */
export function valkeyConfig(settings: typeof directives = directives): string {
  return settings.map(([key, value]) => `${key} ${printValue(key, String(value))}\n`).join("");
}

function printValue(key: string, value: string): string {
  if (!/^[a-z][a-z-]*$/.test(key)) throw new HowdahError("render/unsafe", `${JSON.stringify(key)} is no setting of Valkey`);
  if (value === "") return '""';
  if (!/^[A-Za-z0-9._/-]+$/.test(value)) throw new HowdahError("render/unsafe", `${JSON.stringify(value)} is no plain value of ${key}`);
  return value;
}
