import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultMariadb } from "../../src/catalog/mariadb-versions.ts";
import { type Held, send, type SqlTenants, sqlTenants } from "../support/isolation/sql-tenants.ts";
import { type MariadbContainer, mariadbContainer } from "../support/mariadb-container.ts";
import { mariadbImage } from "../support/mariadb-image.ts";

const image = await mariadbImage(defaultMariadb);

describe.skipIf(image === undefined)("a site that takes every connection that it can get", () => {
  let server: MariadbContainer;
  let tenants: SqlTenants;
  const held: Held[] = [];

  beforeAll(async () => {
    server = await mariadbContainer(image ?? "", defaultMariadb);
    await server.start();
    await server.ready(180_000);
    tenants = sqlTenants(server);
    for (const site of ["greedy", "other"]) await tenants.ensure(site);
  }, 240_000);
  afterAll(async () => {
    for (const { close } of held) await close();
    await server?.remove();
  }, 120_000);

  it("is stopped at its share, though nobody gave it a bound: its neighbour and Howdah itself get in", { timeout: 180_000 }, async () => {
    const refusals: string[] = [];
    while (refusals.length === 0 && held.length < 200) {
      await tenants.asTenant("greedy").then(
        (one) => held.push(one),
        (error: unknown) => refusals.push((error as Error).message),
      );
    }
    expect(refusals.join()).toMatch(/max_user_connections/);
    expect(held).toHaveLength(40); // of 102
    const other = await tenants.asTenant("other");
    held.push(other);
    expect(await send(other.client, ["SELECT 1 AS one"])).toEqual([{ one: 1 }]);
    // Howdah's own user is bounded by nothing but the server.
    for (let count = 0; count < 45; count += 1) held.push(await tenants.asAdmin());
    await tenants.ensure("greedy");
  });
});
