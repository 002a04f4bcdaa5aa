import { expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { testDatabaseFiles } from "./test-database.ts";

const secret = (value: string): Secret => new Secret(value, "here");
const database = { name: "my_shop__test", charset: "utf8mb4", collation: "utf8mb4_unicode_ci", password: secret("user's") };
const lines = (testDatabaseFiles(database, secret("admin"))["init.sql"]?.reveal() ?? "").split("\n");

it("grants the database, and those that a parallel runner makes beside it, but no other", () => {
  expect(lines.filter((line) => line.startsWith("GRANT") && line.includes("my"))).toEqual([
    "GRANT ALL PRIVILEGES ON `my\\_shop\\_\\_test`.* TO 'my_shop__test'@'%';",
    "GRANT ALL PRIVILEGES ON `my\\_shop\\_\\_test\\_%`.* TO 'my_shop__test'@'%';",
  ]);
});

it("has a statement a line, as the server reads them, and no password", () => {
  expect(lines.filter((line) => line !== "").every((line) => line.endsWith(";"))).toBe(true);
  expect(lines.join("")).not.toContain("user's");
});
