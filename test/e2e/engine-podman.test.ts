import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineContract } from "../../src/engine/engine-contract.ts";
import { buildBehaveImage, buildNginxImage, removeEngineImages } from "../support/engine/engine-images.ts";
import { type TestMachine, testMachine } from "../support/engine/test-machine.ts";

beforeAll(async () => {
  await buildBehaveImage();
  await buildNginxImage();
});
afterAll(removeEngineImages);

let machine: TestMachine | undefined;

engineContract("podman", async () => {
  machine = await testMachine("t-engine-a", 18_391);
  return machine;
});

describe("podman after the contract", () => {
  it("has nothing left on the machine", async () => {
    expect(await machine?.leftovers()).toEqual([]);
  });
});
