import type { StoreAccess, StoreLocation } from "../backup-repository.ts";

/** Where restic finds a store. */
export function resticRepository(location: StoreLocation): string {
  switch (location.kind) {
    case "directory":
      return location.path;
    case "sftp":
      return `sftp:${location.user}@${location.host}:${location.path}`;
    case "s3":
      return `s3:${location.endpoint}/${[location.bucket, location.prefix].filter((part) => part !== "").join("/")}`;
    default:
      throw new TypeError("an unknown kind of place");
  }
}

/** restic's options for a store. It splits the command of SFTP itself; the words in it have grammars, a file's name is quoted. */
export function resticOptions(location: StoreLocation): string[] {
  if (location.kind !== "sftp") return [];
  const { user, host, port, sshConfig } = location;
  const file = sshConfig === null ? "" : ` -F '${sshConfig}'`;
  const patience = "-o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3";
  return ["--option", `sftp.command=ssh${file} ${patience} -p ${String(port)} -l ${user} ${host} -s sftp`];
}

/** The environment of one run of restic, which lives for that run only: passwords are in no argument. */
export function resticEnvironment(access: StoreAccess, given: { readonly path: string; readonly home: string; readonly cache: string }) {
  return {
    PATH: given.path,
    HOME: given.home,
    TZ: "UTC",
    RESTIC_CACHE_DIR: given.cache,
    RESTIC_PASSWORD: access.password.reveal(),
    ...(access.keys === null ? {} : { AWS_ACCESS_KEY_ID: access.keys.id.reveal(), AWS_SECRET_ACCESS_KEY: access.keys.secret.reveal() }),
  };
}
