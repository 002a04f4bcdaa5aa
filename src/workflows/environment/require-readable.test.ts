import { expect, it } from "vitest";
import type { Site } from "../../site/site.ts";
import { requireReadable } from "./require-readable.ts";

const database = (version: "10.5" | "10.11" | "11.8"): Pick<Site, "database"> => ({
  database: { type: "mariadb", version, charset: "utf8mb4", collation: "utf8mb4_unicode_ci" },
});
const read = (version: string | null, site: Pick<Site, "database">) => (): void => {
  requireReadable({ what: "g3 of shop", version, hint: "Breed another one." }, site);
};

it.each(["10.5.23", "10.11.19", "10.11", null])("takes the files of MariaDB %s for one of 10.11", (version) => {
  expect(read(version, database("10.11"))).not.toThrow();
});

it.each(["11.8.6", "11.8", "10.11.19"])("refuses the files of MariaDB %s for one of 10.5", (version) => {
  expect(read(version, database("10.5"))).toThrow(expect.objectContaining({ code: "usage/invalid", hint: "Breed another one." }));
});

it("asks nothing of a site without a database", () => {
  expect(read("11.8.6", { database: null })).not.toThrow();
});
