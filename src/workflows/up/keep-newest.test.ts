import { expect, it } from "vitest";
import type { ImageSummary } from "../../providers/image-builder.ts";
import type { Ports } from "../ports.ts";
import { keepNewest, newestOf, type SharedImage } from "./keep-newest.ts";

function machine(current: SharedImage | undefined, images: readonly string[]): { ports: Ports; kept: () => SharedImage | undefined } {
  let kept = current;
  const list = async (): Promise<ImageSummary[]> => images.map((reference) => ({ reference, digest: "", sizeBytes: 0, kind: "mariadb" }));
  const store = {
    get: async () => kept,
    put: async (_name: string, image: SharedImage) => void (kept = image),
    list: async () => [],
    remove: async () => undefined,
  };
  let turn: Promise<unknown> = Promise.resolve();
  const hold = (_namespace: string, _command: string, work: () => Promise<unknown>) => (turn = turn.then(work));
  return { ports: { sharedImages: store, images: { list }, locks: { hold } } as unknown as Ports, kept: () => kept };
}

const old: SharedImage = { name: "mariadb-11-8", reference: "m:old", version: "1:11.8.9-1" };
const young: SharedImage = { name: "mariadb-11-8", reference: "m:young", version: "1:11.8.10-1" };

it.each([
  { name: "takes the first image", current: undefined, candidate: old, images: [], is: "m:old" },
  { name: "takes a newer one", current: old, candidate: young, images: ["m:old"], is: "m:young" },
  { name: "never goes back to an older one", current: young, candidate: old, images: ["m:young"], is: "m:young" },
  {
    name: "keeps what runs when another build has the same version",
    current: old,
    candidate: { ...old, reference: "m:other" },
    images: ["m:old"],
    is: "m:old",
  },
  {
    name: "takes one of the same version that has programs which an older Howdah left out",
    current: old,
    candidate: { ...old, reference: "m:whole", programs: 1 },
    images: ["m:old"],
    is: "m:whole",
  },
  {
    name: "keeps those programs when another lock has the same version",
    current: { ...old, reference: "m:whole", programs: 1 },
    candidate: { ...old, reference: "m:other", programs: 1 },
    images: ["m:whole"],
    is: "m:whole",
  },
  { name: "takes what there is when the newest was removed", current: young, candidate: old, images: [], is: "m:old" },
])("$name", async ({ current, candidate, images, is }) => {
  const { ports, kept } = machine(current, images);
  expect(await keepNewest(candidate, ports, new AbortController().signal)).toBe(is);
  expect(kept()?.reference).toBe(is);
});

it("keeps the newer of two that come at the same moment, and who came with the older one runs the newer", async () => {
  const { ports, kept } = machine({ ...old, reference: "m:oldest", version: "1:11.8.8-1" }, ["m:oldest", "m:old", "m:young"]);
  const { signal } = new AbortController();
  await Promise.all([keepNewest(young, ports, signal), keepNewest(old, ports, signal)]);
  expect(kept()?.reference).toBe("m:young");
  expect(await newestOf(old, ports)).toBe("m:young");
});

it("runs what was chosen where nothing is written down", async () => {
  expect(await newestOf(old, machine(undefined, []).ports)).toBe("m:old");
});
