import { expect, it } from "vitest";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { Secret } from "../../../kernel/secret.ts";
import { lookAlike, proofStatements } from "./prove-database.ts";
import type { Sql } from "../../../kernel/sql.ts";
import { refusalNumber, type Row } from "./sql-client.ts";
import { userStatements } from "./user-statements.ts";

const password = new Secret("mypass", "test");
const HASH = "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4";
const sound: Row = {
  plugin: "mysql_native_password",
  hash: HASH,
  other: null,
  ways: 1,
  locked: null,
  connections: "10",
  seconds: "30.000000",
};
const limits = { connections: 10, statementSeconds: 30 };

/** A server that answers these rows about the user, and the grants that it should have. */
function server(user: Row | undefined): { query(statement: Sql): Promise<readonly Row[]> } {
  return {
    query: ({ text }) => {
      if (text.startsWith("SHOW GRANTS"))
        return Promise.resolve([{ grants: "GRANT ALL PRIVILEGES ON `acme\\_shop`.* TO `acme_shop`@`%`" }]);
      return Promise.resolve(user === undefined ? [] : [user]);
    },
  };
}

const statements = async (user: Row | undefined, wanted: object = {}): Promise<readonly string[]> =>
  (await userStatements(server(user), { name: "acme_shop", password, former: undefined, limits, ...wanted })).map(({ text }) => text);

it("writes nothing for a user that is what it should be", async () => {
  expect(await statements(sound)).toEqual([]);
});

it.each([
  ["its password", { hash: "*other" }],
  ["its connections", { connections: "500" }],
  ["its statements' time", { seconds: "0" }],
  ["its lock", { locked: "1" }],
  ["a second password", { other: HASH, ways: 2 }],
])("mends a user when somebody changed %s", async (_what, changed) => {
  expect(await statements({ ...sound, ...changed })).toEqual([
    `ALTER USER 'acme_shop'@'%' IDENTIFIED VIA mysql_native_password USING '${HASH}' WITH MAX_USER_CONNECTIONS 10 MAX_STATEMENT_TIME 30 ACCOUNT UNLOCK`,
  ]);
});

it("makes a user with its limits at once", async () => {
  expect((await statements(undefined))[0]).toBe(
    `CREATE USER IF NOT EXISTS 'acme_shop'@'%' IDENTIFIED VIA mysql_native_password USING '${HASH}' WITH MAX_USER_CONNECTIONS 10 MAX_STATEMENT_TIME 30`,
  );
});

it("leaves limits alone that nobody speaks of", async () => {
  expect(await statements({ ...sound, connections: "500" }, { limits: undefined })).toEqual([]);
});

it.each([
  ["acme_shop", "acmexshop"],
  ["blog", "blogx"],
  ["a".repeat(64), `${"a".repeat(63)}x`],
])("asks for %s's look-alike %s", (own, other) => {
  expect(lookAlike(own)).toBe(other);
});

it("proves again when the mark of a proof that was cut off is there", async () => {
  expect(await proofStatements(server({ n: 1 }), "blog")).toHaveLength(1);
  expect(await proofStatements(server(undefined), "blog")).toEqual([]);
});

it("tells a server's refusals apart", () => {
  expect(refusalNumber(new HowdahError("database/failed", "The database server m refused: denied (error 1142)"))).toBe(1142);
  expect(refusalNumber(new HowdahError("database/unreachable", "The database server m does not run"))).toBeUndefined();
  expect(refusalNumber(new TypeError("x (error 1142)"))).toBeUndefined();
});
