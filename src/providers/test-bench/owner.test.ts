import { expect, it } from "vitest";
import { isOwnerAlive, ownIdentity } from "./owner.ts";

it("knows a process by its number and its start", async () => {
  const own = await ownIdentity();
  expect(own).toMatch(new RegExp(`^${String(process.pid)}-[1-9]\\d*$`));
  expect(await isOwnerAlive(own)).toBe(true);
});

it.each([[`${String(process.pid)}-1`], ["4194305-17"], ["../self-1"], [""], ["0-0"]])("takes %j for dead", async (owner) => {
  expect(await isOwnerAlive(owner)).toBe(false);
});
