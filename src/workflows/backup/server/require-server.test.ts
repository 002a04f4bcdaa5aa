import { describe, expect, it } from "vitest";
import type { ServerBackupPorts } from "../backup-ports.ts";
import { requireServer } from "./require-server.ts";

/** A machine with a site on 11.8, a purgeable one on 10.11, a server that nobody uses, and one outside. */
const ports = {
  records: {
    list: async () => [
      { namespace: "shop", database: { server: "mariadb-11-8" } },
      { namespace: "static", database: null },
    ],
  },
  retained: { list: async () => [{ record: { namespace: "old", database: { server: "mariadb-10-11" } } }] },
  databaseServers: { list: async () => [{ name: "company" }] },
  engine: { locate: async (_namespace: string, name: string) => (name === "mariadb-10-5" ? "10.89.0.2" : undefined) },
} as unknown as ServerBackupPorts;

describe("a server that is to be backed up or put back", () => {
  it.each(["mariadb-11-8", "mariadb-10-11", "mariadb-10-5"])("may be %s, which is there", async (name) => {
    await expect(requireServer(name, ports)).resolves.toBeUndefined();
  });

  it.each(["WRONGNAME", "mariadb-12-3", "howdah", ""])("is not %j, which nobody knows: those that there are are named", async (name) => {
    await expect(requireServer(name, ports)).rejects.toMatchObject({
      code: "database/server-unknown",
      message: `Howdah runs no database server ${JSON.stringify(name)} here`,
      hint: "It runs mariadb-10-11, mariadb-11-8. `howdah db server ls` shows all.",
    });
  });

  it("is none outside: who runs that one backs it up", async () => {
    await expect(requireServer("company", ports)).rejects.toMatchObject({
      message: 'Howdah runs no database server "company" here',
      hint: expect.stringContaining("backed up by who runs them") as string,
    });
  });

  it("says so where there is none at all", async () => {
    const none = { ...ports, records: { list: async () => [] }, retained: { list: async () => [] } } as unknown as ServerBackupPorts;
    await expect(requireServer("mariadb-11-8", none)).rejects.toMatchObject({ hint: expect.stringContaining("no site") as string });
  });
});
