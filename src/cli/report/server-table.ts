import type { CheckedServer } from "../../workflows/database-server/check-server.ts";
import type { ListedServer } from "../../workflows/database-server/list-servers.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

/** Database servers, a line each. */
export function serverTable(servers: readonly ListedServer[]): string {
  const rows = servers.map((one) => [
    `${one.name}${one.default ? " (default)" : ""}`,
    one.kind,
    one.kind === "external" ? (one.writer ?? "no writer yet") : "run by Howdah",
    one.tenants === null ? "all" : one.tenants.length === 0 ? "nobody" : one.tenants.join(", "),
    one.sites.join(", "),
  ]);
  return table([["NAME", "KIND", "WRITER", "FOR", "SITES"], ...rows]);
}

/** What `check` found, an address a line, and what is to be known of the whole. */
export function checkedServer({ name, version, addresses, warning }: CheckedServer): string {
  const head = version === null ? "" : `${name}: ${terminalText(version)}\n`;
  return `${head}${table(addresses.map(({ address, role }) => [address, role]))}${warning === null ? "" : `! ${warning}\n`}`;
}
