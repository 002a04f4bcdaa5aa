import { expect, it } from "vitest";
import { databaseServerOptions } from "./server-options.ts";
import { testServerOptions } from "./test-server-options.ts";

const GIB = 2 ** 30;
const options = new Map(testServerOptions(GIB).flatMap((group) => group.options.map(({ key, value }) => [key, value])));

it("listens for its own network alone", () => {
  expect(options.get("bind-address")).toBe("127.0.0.1");
});

it("judges SQL like a real server: all else is the same", () => {
  const real = databaseServerOptions(GIB).flatMap((group) => group.options);
  const differ = real.filter(({ key, value }) => options.get(key) !== value).map(({ key }) => key);
  expect(differ.sort()).toEqual(["bind-address", "innodb-buffer-pool-size", "innodb-flush-log-at-trx-commit"]);
});
