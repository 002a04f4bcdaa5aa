import { expect, it } from "vitest";
import { type BaseRequest, recipeFor } from "../../catalog/image-recipes.ts";
import type { Lock, LockedImage } from "../../providers/image-lock.ts";
import type { Ports } from "../ports.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { type KeptLock, testLock } from "./test-lock.ts";

const request: BaseRequest = { kind: "operator" };
const context = { emit: () => undefined, signal: new AbortController().signal };

function imageWith(names: readonly string[]): LockedImage {
  return { request, suite: "trixie", architecture: "amd64", packages: names.map((name) => ({ name })) } as never;
}

/** Chooses packages when nothing was handed to it. */
function rig() {
  const testLocks = memoryDocuments<KeptLock>();
  let chosen = 0;
  const lock = async ({ current }: { current: Lock }): Promise<Lock> => {
    if (current.images.length === 0) chosen += 1;
    return { ...current, images: current.images.length > 0 ? current.images : [imageWith(recipeFor(request).install)] };
  };
  const ports = { clock: { now: () => 0 }, files: {}, images: { lock }, testLocks } as never as Ports;
  const ask = () => testLock([request], { lockFile: null, renew: false }, ports, context);
  return { ask, testLocks, chosen: () => chosen };
}

it("keeps what was chosen lately", async () => {
  const { ask, chosen } = rig();
  expect(await ask()).toEqual(await ask());
  expect(chosen()).toBe(1);
});

it("chooses anew where an upgrade asks for a package that was not asked for then", async () => {
  const { ask, testLocks, chosen } = rig();
  await ask();
  for (const name of testLocks.all.keys()) await testLocks.put(name, { image: imageWith(["libc6"]), at: 0 });
  const [image] = (await ask()).images;
  expect([chosen(), image?.packages.map(({ name }) => name)]).toEqual([2, recipeFor(request).install]);
});
