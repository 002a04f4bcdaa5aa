import { expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { ownDatabase } from "./own-database.ts";

it("lets the environment's user in through the socket too, where a dataset has a locked account of its name", async () => {
  const { files } = await ownDatabase(
    {
      server: { name: "database.shop--review", ownedBy: "shop--review", locate: () => Promise.resolve(undefined) },
      ...{ name: "dataset", charset: "utf8mb4", collation: "utf8mb4_unicode_ci" },
    },
    {
      secrets: { getOrGenerate: () => Promise.resolve(new Secret("a-password", "test")) },
      administrator: () => Promise.resolve(new Secret("an-administrator", "test")),
    },
  );
  const lines = (files["init.sql"] ?? new Secret("", "test")).reveal().split("\n");
  expect(lines.filter((line) => line.includes("'dataset'@'localhost'"))).toEqual([
    expect.stringMatching(/^ALTER USER IF EXISTS 'dataset'@'localhost' IDENTIFIED .* ACCOUNT UNLOCK;$/),
  ]);
});
