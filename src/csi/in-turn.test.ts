import { describe, expect, it } from "vitest";
import { createInTurn } from "./in-turn.ts";

describe("work in turn", () => {
  it("never overlaps for one key, and does for others", async () => {
    const inTurn = createInTurn();
    const said: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = inTurn(["a"], async () => {
      await gate.promise;
      said.push("first");
    });
    const second = inTurn(["a"], async () => void said.push("second"));
    await inTurn(["b"], async () => void said.push("other"));
    gate.resolve();
    await Promise.all([first, second]);
    expect(said).toEqual(["other", "first", "second"]);
  });

  it("goes on after what failed", async () => {
    const inTurn = createInTurn();
    await expect(inTurn(["a"], () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await inTurn(["a"], async () => 1)).toBe(1);
  });

  it("does not wait for itself when two need the same two in another order", async () => {
    const inTurn = createInTurn();
    const done = await Promise.all([
      inTurn(["a", "b"], async () => 1),
      inTurn(["b", "a", "a"], async () => 2),
      inTurn(["a", "b"], async () => 3),
    ]);
    expect(done).toEqual([1, 2, 3]);
  });
});
