import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";
import { isExternal } from "./database-server-document.ts";
import { judgeExternal } from "./judge-external.ts";

/** What a server's addresses say now. */
export interface CheckedServer {
  readonly name: string;
  readonly writer: string | null;
  readonly version: string | null;
  readonly addresses: readonly { readonly address: string; readonly role: string }[];
  /** How it can lose what it acknowledged. */
  readonly warning: string | null;
}

/** Asks every address of an external server, and changes nothing. `failure`: why sites can't use it. Errors: `database/server-unknown`. */
export async function checkServer(
  name: string,
  ports: Pick<Ports, "databaseServers" | "probeDatabase" | "secrets">,
): Promise<{ readonly server: CheckedServer; readonly failure?: HowdahError }> {
  const document = await ports.databaseServers.get(name);
  if (document === undefined) throw new HowdahError("database/server-unknown", `There is no database server ${name}`);
  if (!isExternal(document)) throw new HowdahError("usage/invalid", `${name} is run by Howdah itself: \`howdah status\` looks after it`);
  const { choice, failure } = await judgeExternal(document, ports);
  const server: CheckedServer = {
    ...{ name, writer: choice.writer, addresses: choice.roles },
    version: choice.writer === null ? null : choice.version,
    warning: choice.writer === null ? null : (choice.warning ?? null),
  };
  return { server, ...(failure === undefined ? {} : { failure }) };
}
