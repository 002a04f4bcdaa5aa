import { describe, expect, it } from "vitest";
import { fileAction } from "./compile/compile-files.ts";
import type { ForeignKey, TableSchema, UniqueKey } from "./database-schema.ts";
import { planOf } from "./testing/compile-fixture.ts";
import { column, table } from "./testing/table.ts";

const users = table("users", [
  column("id", "int(11) NOT NULL"),
  column("mail", "varchar(60) NOT NULL"),
  column("name", "varchar(40)"),
  column("full", "varchar(80) GENERATED"),
]);
const columns = { id: "keep", mail: "email", name: "full-name" };

function withKey(one: TableSchema, name: string, ...keyed: string[]): TableSchema {
  const key: UniqueKey = { name, columns: keyed, prefixes: keyed.map(() => null) };
  return { ...one, uniqueKeys: [...one.uniqueKeys, key] };
}

function refers(one: TableSchema, from: string, to: string, target: string): TableSchema {
  const key: ForeignKey = { name: "fk", columns: [from], table: to, references: [target] };
  return { ...one, foreignKeys: [key] };
}

/** Codes and messages of what is wrong. */
function wrong(tables: object, schema: readonly TableSchema[], more: object = {}): string[] {
  return planOf({ tables, ...more }, { tables: schema }).problems.map(({ code, message }) => `${code.replace("dataset/", "")}: ${message}`);
}

function rebuilt(tables: object, schema: readonly TableSchema[], name = "users") {
  const found = planOf({ tables }, { tables: schema }).tables.find((one) => one.name === name);
  if (found === undefined) throw new TypeError(name);
  return found;
}

describe("a plan", () => {
  it("says what nobody knows, with a rule that would fit", () => {
    const plan = planOf(
      { tables: { users: { columns: { id: "keep" } } } },
      { tables: [users, table("x_sessions", []), table("colours", [column("c", "int")])] },
    );
    expect(plan.unknown).toEqual([
      { table: "users", column: "mail", suggestion: "users.columns.mail: email" },
      { table: "users", column: "name", suggestion: "users.columns.name: full-name" },
      { table: "x_sessions", suggestion: "x_sessions: empty" },
      { table: "colours", suggestion: "colours: keep" },
    ]);
  });

  it("fills every column but those that are computed, in order, and begins with the largest table", () => {
    const plan = planOf({ tables: { users: { columns }, big: "empty" } }, { tables: [users, { ...table("big", []), rows: 9 }] });
    expect(plan.tables.map(({ name, action }) => `${name} ${action}`)).toEqual(["big drop-rows", "users rebuild"]);
    expect(plan.tables[1]?.columns.map(({ name }) => name)).toEqual(["id", "mail", "name"]);
  });

  it("knows what Howdah itself keeps in a database, and that a failed step's last words may hold anything", () => {
    const ledger = table("howdah_ledger", [column("step", "varchar(64) NOT NULL"), column("detail", "text")]);
    const plan = planOf({ tables: {} }, { tables: [ledger] });
    expect(plan.unknown).toEqual([]);
    expect(plan.tables[0]?.columns.map(({ name, strategy }) => [name, strategy])).toEqual([
      ["step", "keep"],
      ["detail", "clear"],
    ]);
  });

  it("keeps a table whole of which nothing changes", () => {
    expect(rebuilt({ users: { columns: { id: "keep", mail: "keep", name: "keep" } } }, [users]).action).toBe("keep");
  });

  it("takes patterns for tables, its own rules before presets', and columns one by one", () => {
    const posts = table("wp_posts", [column("ID", "bigint(20) NOT NULL"), column("post_title", "text"), column("extra", "text")]);
    const plan = planOf(
      { presets: ["wordpress"], tables: { "old_*": "drop", wp_posts: { columns: { extra: "clear" } } } },
      { tables: [posts, table("old_1", [])] },
    );
    expect(plan.unknown).toEqual([]);
    expect(plan.tables.map(({ name, action }) => `${name} ${action}`)).toEqual(["old_1 drop-table", "wp_posts rebuild"]);
    expect(plan.tables[1]?.columns.map(({ strategy }) => strategy)).toEqual(["keep", "text", "clear"]);
  });

  it("tells a kept column with a reason to the hunt", () => {
    const plan = planOf(
      { tables: { users: { columns: { ...columns, mail: { use: "keep", reason: "of offices" } } } } },
      { tables: [users] },
    );
    expect(plan.kept).toEqual([{ table: "users", column: "mail", reason: "of offices" }]);
  });

  it("is the same for the same rules", () => {
    const make = (): string => JSON.stringify(planOf({ tables: { users: { columns } } }, { tables: [users] }));
    expect(make()).toBe(make());
  });
});

describe("what is wrong is found before any work", () => {
  it.each<[string, object, readonly TableSchema[], string[]]>([
    ["a table that is not there", { users: { columns }, user: "keep" }, [users], ["not-there: the database has no table `user`"]],
    [
      "a column that is not there",
      { users: { columns: { ...columns, phone: "phone" } } },
      [users],
      ["not-there: the table `users` has no column `phone`"],
    ],
    [
      "a mask for text on a number",
      { users: { columns: { ...columns, id: "email" } } },
      [users],
      ["does-not-fit: users.id: `email` does not fit `int(11)`"],
    ],
    [
      "an address that is too long",
      { t: { columns: { m: "email" } } },
      [table("t", [column("m", "varchar(20)")])],
      ["does-not-fit: t.m: an address needs 25 characters and `varchar(20)` has fewer"],
    ],
    [
      "a constant that is too long",
      { t: { columns: { m: { use: "constant", value: "abcdef" } } } },
      [table("t", [column("m", "char(5)")])],
      ["does-not-fit: t.m: the constant has 6 characters and `char(5)` holds 5"],
    ],
    [
      "names in a column of ASCII",
      { t: { columns: { m: "first-name" } } },
      [table("t", [column("m", "varchar(30) ascii")])],
      ["does-not-fit: t.m: `first-name` does not fit `varchar(30)`"],
    ],
    [
      "a fake in a unique key",
      { users: { columns } },
      [withKey(users, "who", "name")],
      ["not-unique: users.name: `full-name` may give two rows of the unique key `who` the same value"],
    ],
    [
      "another person's key that is no column",
      { users: { columns: { ...columns, name: { use: "full-name", per: "nobody" } } } },
      [users],
      ["does-not-fit: users.name: there is no column `nobody`"],
    ],
    [
      "a template with a masked column",
      { users: { columns: { ...columns, name: { use: "template", template: "{mail}" } } } },
      [users],
      ["does-not-fit: users.name: `{mail}` would bring a value that is masked elsewhere"],
    ],
    [
      "a foreign key that is masked otherwise",
      { users: { columns }, posts: { columns: { author: "hash" } } },
      [users, refers(table("posts", [column("author", "varchar(60)")]), "author", "users", "mail")],
      ["foreign-key: posts.author is masked otherwise than users.mail, which it refers to"],
    ],
    [
      "rows that lose what they refer to",
      { users: "empty", posts: "keep" },
      [users, refers(table("posts", [column("author", "int(11)")]), "author", "users", "id")],
      ["foreign-key: rows of posts refer to rows of users that don't stay (fk)"],
    ],
    [
      "a condition on what is not there",
      { users: { columns, rows: { where: [{ column: "id", follows: "posts.author" }] } } },
      [users],
      ["not-there: rows of users depend on `posts.author`, which is not there"],
    ],
    [
      "a strategy that has no meaning inside a value",
      { t: { columns: { m: { use: "json", paths: { a: "password" } } } } },
      [table("t", [column("m", "text")])],
      ["does-not-fit: t.m: `password` can't be used inside a value"],
    ],
  ])("%s", (_, tables, schema, expected) => {
    expect(wrong(tables, schema)).toEqual(expected);
  });

  it("points at the place in the site file", () => {
    const [problem] = planOf({ tables: { users: { columns: { ...columns, id: "email" } } } }, { tables: [users] }).problems;
    expect(problem?.path).toEqual(["spec", "dataset", "tables", "users", "columns", "id"]);
  });

  it("lets unique keys be when what is made stays unique", () => {
    const keyed = withKey(withKey(users, "a", "mail"), "b", "name");
    expect(wrong({ users: { columns: { ...columns, name: { use: "hash", length: 32 } } } }, [keyed])).toEqual([]);
  });
});

describe("rows", () => {
  it("stay by conditions, also those of tables that they follow", () => {
    const orders = table("orders", [column("id", "int(11)"), column("user", "int(11)"), column("at", "datetime")]);
    const rules = {
      users: { columns, rows: { where: [{ column: "mail", notLike: ["%@test.example"] }] } },
      orders: {
        rows: {
          where: [
            { column: "user", follows: "users.id" },
            { column: "at", newerThanDays: 30 },
          ],
          newest: { rows: 10, by: "id" },
        },
        others: "keep",
      },
    };
    const plan = rebuilt(rules, [users, orders], "orders");
    expect(plan.where?.text).toBe(
      "(`r`.`user` IS NULL OR EXISTS (SELECT 1 FROM `users` AS `p1` WHERE `p1`.`id` = `r`.`user` AND (`p1`.`mail` IS NULL OR `p1`.`mail` NOT LIKE '%@test.example'))) AND `r`.`at` > (NOW() - INTERVAL 30 DAY)",
    );
    expect(plan.limit?.text).toBe("ORDER BY r.`id` DESC LIMIT 10");
  });

  it("that follow one another in a circle are refused", () => {
    const [a, b] = ["a", "b"].map((name) => table(name, [column("id", "int")]));
    const follow = (other: string) => ({ rows: { where: [{ column: "id", follows: `${other}.id` }] }, others: "keep" });
    expect(
      wrong(
        { a: follow("b"), b: follow("a") },
        [a, b].filter((one) => one !== undefined),
      ),
    ).toHaveLength(2);
  });
});

describe("files", () => {
  const files = {
    files: [
      { match: "**/*.pdf", action: "replace" },
      { mount: "data", match: "a/?/*.txt", action: "drop" },
      { match: "**", action: "keep", reason: "public" },
    ],
  };

  it("of a mount that no rule covers are an error", () => {
    const plan = planOf({ files: [{ match: "*.pdf", action: "drop" }] }, { tables: [] }, ["data"]);
    expect(plan.problems.map(({ message }) => message)).toEqual(["no rule covers all files of the mount `data`"]);
  });

  it.each([
    ["x.pdf", "replace"],
    ["deep/er/X.PDF", "replace"],
    ["a/b/c.txt", "drop"],
    ["a/bb/c.txt", "keep"],
    ["a/b/c/d.txt", "keep"],
  ])("%s", (path, action) => {
    const plan = planOf(files, { tables: [] }, ["data"]);
    expect(fileAction(plan.files, "data", path)?.action).toBe(action);
    expect(fileAction(plan.files, "elsewhere", path)).toBeUndefined();
  });
});
