import { describe, expect, it } from "vitest";
import { engineContract } from "../../src/engine/engine-contract.ts";
import { type ClusterUnderTest, clusterUnderTest } from "../support/engine/cluster-under-test.ts";

let cluster: ClusterUnderTest | undefined;

engineContract("kubernetes", async () => {
  cluster = await clusterUnderTest("t-contract-");
  return cluster;
});

describe("kubernetes after the contract", () => {
  it("leaves no namespace", async () => {
    await expect.poll(() => cluster?.leftovers(), { timeout: 300_000, interval: 1000 }).toEqual([]);
  });
});
