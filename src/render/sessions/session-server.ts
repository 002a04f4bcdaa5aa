/** The site's own server of PHP's sessions, as rendering must know it. Plain data; no secret. */
export interface SessionServer {
  /** Pinned image reference. */
  readonly image: string;
  /** Name of the Secret with `password` for PHP and `users.acl` for the server. */
  readonly secretName: string;
  /** Digest of that Secret, as `Engine.putSecret` answers it: a change rolls the server and whoever asks it. */
  readonly secretDigest: string;
}

/** Name of the server's StatefulSet and Service, its host name in the site's network, and its component. */
export const SESSION_SERVER = "sessions";

/** Valkey's port. */
export const SESSION_PORT = 6379;

/** Who PHP is to the server. */
export const SESSION_USER = "php";

/** Variable of PHP, workers and crons with that user's password. */
export const SESSION_PASSWORD_VARIABLE = "HOWDAH_SESSIONS_PASSWORD";

/**
 * What PHP's extension redis (5.3 to 6.2) asks of a server for a session and its lock, and no more: no administration, no look at keys that it
 * doesn't know already, no other programs' keys. `eval` gives a lock back only to who holds it.
 */
const RULES = "~PHPREDIS_SESSION* -@all +get +getex +set +setex +del +unlink +exists +expire +eval +evalsha +ping +echo +select";

/**
 * The server's users (`aclfile`): whoever has no password may ask whether it is alive, which its probes do. A password of letters and digits
 * only: it stands as it is here and in PHP's `session.save_path`. Error: `TypeError` for any other, which is a bug.
 */
export function sessionUsers(password: string): string {
  if (!/^[A-Za-z0-9]{20,100}$/.test(password)) throw new TypeError("a password for sessions is letters and digits");
  return `user default on nopass -@all +ping\nuser ${SESSION_USER} on >${password} ${RULES}\n`;
}

/** The second line of `users.acl` for people who write it themselves. */
export const sessionUsersInWords = `\`user default on nopass -@all +ping\`, and on a second line \`user ${SESSION_USER} on >PASSWORD ${RULES}\``;

/** Who PHP is, at the end of its `session.save_path`: the password follows. */
export const SESSION_CREDENTIALS = `auth[]=${SESSION_USER}&auth[]=`;

/**
 * A line of PHP's without the password: when the server can't be reached PHP says where it looked, with the whole `session.save_path`. Every line that
 * an engine reads of a container comes through here, before a person, a status or an event gets it.
 */
export function withoutSessionPassword(line: string): string {
  const parts = line.split(SESSION_CREDENTIALS);
  return parts.length === 1
    ? line
    : parts.map((part, at) => (at === 0 ? part : part.replace(/^[A-Za-z0-9]+/, "…"))).join(SESSION_CREDENTIALS);
}
