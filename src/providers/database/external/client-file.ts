import { Secret } from "../../../kernel/secret.ts";
import type { Administrator } from "./probe-address.ts";

/**
 * The option file by which programs in a server's pod log in to an external server as its administrator, over TCP. A client of 11.4 and later would refuse
 * a server without a certificate of its own choosing; it still encrypts where it can. Error: TypeError for words that no option file can hold.
 */
export function externalClientFile(
  { user, password }: Administrator,
  { host, port }: { readonly host: string; readonly port: number },
): Secret {
  const lines = [`user=${quoted(user)}`, `password=${quoted(password.reveal())}`, `host=${host}`, `port=${String(port)}`];
  return new Secret(`[client]\n${lines.join("\n")}\nskip-ssl-verify-server-cert\n`, "an external server's administrator");
}

/** In quotes a value may hold anything but an end of line; my_getopt takes backslashes for escapes. */
function quoted(value: string): string {
  if (/[\u0000-\u001f\u007f]/.test(value)) throw new TypeError("an option file can't hold control characters");
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
