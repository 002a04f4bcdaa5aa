import { expect, it } from "vitest";
import { runInPool } from "./run-in-pool.ts";

it("keeps the order, and never has more at once than it may", async () => {
  let now = 0;
  let most = 0;
  const done = await runInPool([3, 1, 2, 5], 2, async (item) => {
    most = Math.max(most, (now += 1));
    await Promise.resolve();
    now -= 1;
    return item * 2;
  });
  expect(done).toEqual([6, 2, 4, 10]);
  expect(most).toBe(2);
});

it("waits for what runs before it fails", async () => {
  const ended: number[] = [];
  const pool = runInPool([1, 2], 2, async (item) => {
    if (item === 1) throw new Error("first");
    await Promise.resolve();
    ended.push(item);
    return item;
  });
  await expect(pool).rejects.toThrow("first");
  expect(ended).toEqual([2]);
});
