import { HowdahError } from "../../kernel/howdah-error.ts";

const HOSTNAME = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A hostname as a server name, checked once more: `nginx -t` accepts names that take another site's traffic (M11). */
export function hostnameWord(name: string): string {
  if (name.length <= 253 && HOSTNAME.test(name)) return name;
  throw new HowdahError("render/unsafe", `Not a hostname: ${JSON.stringify(name)}`);
}
