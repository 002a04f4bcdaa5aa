import { describe, expect, it } from "vitest";
import type { DatabaseServerSpec } from "../../resources/schema/database-server.ts";
import { chooseServer } from "./choose-server.ts";

const external = { addresses: [{ host: "10.0.0.5", port: 3306 }], administrator: { secret: "a" } };
const spec = (more: Partial<DatabaseServerSpec> = {}): DatabaseServerSpec => ({ kind: "external", default: false, external, ...more });

const ask = async (
  servers: Readonly<Record<string, DatabaseServerSpec>>,
  more: {
    server?: string;
    version?: string;
    known?: string;
    none?: true;
    tenant?: string | null;
    kept?: { server: string; tenant: string };
  } = {},
) => {
  const documents = Object.entries(servers).map(([name, one]) => ({ name, spec: one }));
  const database = { type: "mariadb", version: more.version ?? "11.8", charset: "c", collation: "c_x" } as const;
  const site = {
    name: "blog",
    database: more.none ? null : { ...database, ...(more.server === undefined ? {} : { server: more.server }) },
  };
  const ports = {
    databaseServers: { get: async (name: string) => documents.find((one) => one.name === name), list: async () => documents },
    ...(more.tenant === undefined
      ? {}
      : {
          keptDatabases: {
            tenantOf: async () => more.tenant,
            get: async () => (more.kept === undefined ? undefined : { databases: [more.kept] }),
          },
        }),
  };
  const known = more.known === undefined ? null : { server: more.known };
  const chosen = await chooseServer({ site, namespace: "blog", known }, ports as never);
  return chosen?.name ?? null;
};

describe("the server of a site", () => {
  it.each<{ name: string; asked: Parameters<typeof ask>; server: string | null }>([
    { name: "the shared one of its version", asked: [{}, { version: "10.11" }], server: "mariadb-10-11" },
    {
      name: "the one that it names",
      asked: [{ company: spec(), other: spec({ default: true }) }, { server: "company" }],
      server: "company",
    },
    { name: "the default", asked: [{ company: spec(), other: spec({ default: true }) }], server: "other" },
    {
      name: "where its data is, whatever is the default now",
      asked: [{ other: spec({ default: true }) }, { known: "mariadb-11-8" }],
      server: "mariadb-11-8",
    },
    { name: "where its data is, which was the default", asked: [{ company: spec() }, { known: "company" }], server: "company" },
    {
      name: "where its data is, though it is no longer for new ones",
      asked: [{ company: spec({ tenants: [] }) }, { known: "company" }],
      server: "company",
    },
    {
      name: "where data of it is kept that was taken down before there was this default",
      asked: [{ other: spec({ default: true }) }, { tenant: "acme", kept: { server: "mariadb-11-8", tenant: "acme" } }],
      server: "mariadb-11-8",
    },
    {
      name: "where data of it is kept on a server of its own, which was the default",
      asked: [
        { company: spec(), other: spec({ default: true }) },
        { tenant: "acme", kept: { server: "company", tenant: "acme" } },
      ],
      server: "company",
    },
    {
      name: "the default, though data of another tenant is kept under its name",
      asked: [{ other: spec({ default: true }) }, { tenant: "acme", kept: { server: "mariadb-11-8", tenant: "evil" } }],
      server: "other",
    },
    { name: "one that is for it", asked: [{ company: spec({ tenants: ["blog"] }) }, { server: "company" }], server: "company" },
    { name: "one that is for its tenant", asked: [{ c: spec({ tenants: ["acme"] }) }, { server: "c", tenant: "acme" }], server: "c" },
    { name: "none", asked: [{ company: spec({ default: true }) }, { none: true }], server: null },
  ])("is $name", async ({ asked, server }) => {
    expect(await ask(...asked)).toBe(server);
  });

  it.each<{ name: string; asked: Parameters<typeof ask>; code: string; says: RegExp }>([
    { name: "one that there is not", asked: [{}, { server: "company" }], code: "database/server-unknown", says: /company/ },
    {
      name: "two defaults",
      asked: [{ a: spec({ default: true }), b: spec({ default: true }) }],
      code: "database/server-refused",
      says: /a and b/,
    },
    {
      name: "another's",
      asked: [{ c: spec({ tenants: ["acme"] }) }, { server: "c" }],
      code: "database/server-refused",
      says: /tenant blog/,
    },
    {
      name: "one for tenants, in a namespace of nobody",
      asked: [{ c: spec({ tenants: ["blog"] }) }, { server: "c", tenant: null }],
      code: "database/server-refused",
      says: /no tenant's/,
    },
    {
      name: "another than that with its data",
      asked: [{ company: spec() }, { server: "company", known: "mariadb-11-8" }],
      code: "site/database-left",
      says: /in mariadb-11-8.*empty one in company/,
    },
    {
      name: "another version than that with its data",
      asked: [{}, { version: "10.11", known: "mariadb-11-8" }],
      code: "site/database-left",
      says: /10-11/,
    },
    { name: "no database any more", asked: [{}, { none: true, known: "mariadb-11-8" }], code: "site/database-left", says: /no database/ },
  ])("is refused to be $name", async ({ asked, code, says }) => {
    await expect(ask(...asked)).rejects.toMatchObject({ code, message: expect.stringMatching(says) as string });
  });
});
