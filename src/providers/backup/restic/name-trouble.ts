import { HowdahError } from "../../../kernel/howdah-error.ts";

const REFUSED =
  /wrong password|no key found|access ?denied|expired|InvalidAccessKeyId|SignatureDoesNotMatch|403 Forbidden|permission denied|host key verification failed/i;
const UNREACHABLE =
  /connection (?:refused|reset|lost|closed)|command exited|i\/o timeout|timed? ?out|no such host|no route to host|broken pipe|subprocess ssh exited|unable to start the sftp session|unexpected packet|EOF$|returned error, retrying|service unavailable|name resolution/i;
const DAMAGED =
  /ciphertext verification failed|invalid data returned|does not match|hash mismatch|not found in (?:index|repository)|unexpected EOF|contains errors|repository contains|wrong file size|size [0-9]+ for blob|failed to load|unable to load|no such file or directory|blob .* not found|truncated/i;
/** What lies there ends too early, or is another; unless it is the way there that broke off. */
const TORN = /unexpected EOF|ciphertext verification failed|invalid data returned|hash mismatch/i;
const WAY = /connection|timed? ?out|timeout|\bssh\b/i;
const LOCKED = /already locked/i;
const MISSING = /unable to open config file|Is there a repository at the following location/i;

/** Whether restic says that there is no store yet. */
export function saysMissing(lines: readonly string[]): boolean {
  return lines.some((line) => MISSING.test(line)) && !lines.some((line) => REFUSED.test(line));
}

/** The named failure that restic's own last lines tell of; what was asked stands in front. */
export function nameTrouble(asked: string, lines: readonly string[], cause: HowdahError): HowdahError {
  if (cause.code === "cancelled" || cause.code === "machine/tool-missing" || cause.code === "machine/disk-full") return cause;
  const words = lines.filter((line) => line.trim() !== "");
  const last = words.findLast((line) => /^(Fatal|Save|error|Load|subprocess)/i.test(line)) ?? words.at(-1) ?? cause.message;
  const details = { output: words, cause };
  if (words.some((line) => LOCKED.test(line)))
    return new HowdahError("machine/busy", `${asked}: another command frees space in the store`, details);
  if (words.some((line) => REFUSED.test(line))) return new HowdahError("backup/store-refused", `${asked}: ${last}`, details);
  if (saysMissing(words)) return new HowdahError("backup/store-unreachable", `${asked}: there is no store there (${last})`, details);
  if (words.some((line) => TORN.test(line)) && !words.some((line) => WAY.test(line)))
    return new HowdahError("backup/damaged", `${asked}: ${last}`, details);
  if (words.some((line) => UNREACHABLE.test(line))) return new HowdahError("backup/store-unreachable", `${asked}: ${last}`, details);
  if (words.some((line) => DAMAGED.test(line))) return new HowdahError("backup/damaged", `${asked}: ${last}`, details);
  return new HowdahError("backup/failed", `${asked}: ${last}`, details);
}
