import { expect, it } from "vitest";
import type { SqlClient } from "./sql-client.ts";
import { endSessions, suspendUser } from "./suspend-user.ts";

/** A server on which a session that was killed is still there for so many looks: it commits. */
function committing(looks: number) {
  let left = looks;
  const said: string[] = [];
  const client: SqlClient = {
    query: async ({ text }) => {
      said.push(text);
      if (text.includes("global_priv")) return [{ n: 1 }];
      return text.includes("PROCESSLIST") && left-- > 0 ? [{ id: 7 }] : [];
    },
  };
  return { client, said, left: () => left };
}

it("waits until what a suspended user had under way has ended", async () => {
  const { client, said, left } = committing(9);
  await suspendUser(client, "blog", true);
  expect([said[1]?.includes("ACCOUNT LOCK"), left()]).toEqual([true, -1]);
});

it("holds up nobody where it only matters that sessions are told to end", async () => {
  const { client, left } = committing(9);
  await endSessions(client, "blog");
  expect(left()).toBe(4);
});
