import { HowdahError } from "../../kernel/howdah-error.ts";
import type { StoreLocation } from "./backup-repository.ts";

const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/;
const USER = /^[a-z_][a-z0-9_.-]{0,31}$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** No name of a path may mean something to `restic`, `ssh` or a person's terminal. */
const PATH = /^(\/[A-Za-z0-9_.@+ -]+)+\/?$/;

/**
 * A place as people write it: `/mnt/backups`, `sftp://user@host:22/path`, `s3://host/bucket/prefix` (`s3+http://` without TLS, for one on
 * the same machine). Error: `usage/invalid`; names have grammars, since they become arguments of programs.
 */
export function parseLocation(text: string, sshConfig: string | null = null): StoreLocation {
  if (text.startsWith("/") && isPath(text)) return { kind: "directory", path: text.replace(/\/$/, "") };
  const found = /^(sftp|s3|s3\+http):\/\/(?:([^@/]*)@)?([^/:@]+)(?::(\d{1,5}))?(\/.*)?$/.exec(text);
  const [, scheme, user = "root", host = "", port, path = ""] = found ?? [];
  if (!HOST.test(host) || Number(port ?? 1) > 65_535) throw refused(text);
  if (scheme === "sftp" && USER.test(user) && isPath(path))
    return { kind: "sftp", user, host, port: Number(port ?? 22), path: path.replace(/\/$/, ""), sshConfig };
  const [, bucket = "", ...prefix] = path.replace(/\/$/, "").split("/");
  if (scheme === "sftp" || !BUCKET.test(bucket) || (prefix.length > 0 && !isPath(`/${prefix.join("/")}`))) throw refused(text);
  const origin = `${scheme === "s3" ? "https" : "http"}://${host}${port === undefined ? "" : `:${port}`}`;
  return { kind: "s3", endpoint: origin, bucket, prefix: prefix.join("/") };
}

function isPath(path: string): boolean {
  return PATH.test(path) && !path.split("/").some((name) => name === "." || name === ".." || name.startsWith("-"));
}

function refused(text: string): HowdahError {
  return new HowdahError("usage/invalid", `${JSON.stringify(text)} is no place for backups`, {
    hint: "Write `/mnt/backups`, `sftp://backup@host/srv/backups` or `s3://host/bucket`. Letters, digits, `._@+-` and blanks make a path.",
  });
}

/** A place as people wrote it. */
export function printLocation(location: StoreLocation): string {
  switch (location.kind) {
    case "directory":
      return location.path;
    case "sftp":
      return `sftp://${location.user}@${location.host}${location.port === 22 ? "" : `:${String(location.port)}`}${location.path}`;
    case "s3":
      return `${location.endpoint.replace("https://", "s3://").replace("http://", "s3+http://")}/${[location.bucket, location.prefix].filter((part) => part !== "").join("/")}`;
    default:
      throw new TypeError("an unknown kind of place");
  }
}
