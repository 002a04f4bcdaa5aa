import { describe, expect, it } from "vitest";
import { batchedInspect } from "./batched-inspect.ts";
import type { StoredImage } from "./storage.ts";

const image = (id: string): StoredImage => ({
  id,
  digest: "",
  sizeBytes: 0,
  names: [id],
  labels: {},
  layers: [],
  architecture: "amd64",
  config: { entrypoint: [], cmd: [], user: "", workingDir: "", env: [], stopSignal: undefined, labels: {} },
});

describe("batched inspect", () => {
  it("asks once for what is asked together, and again later", async () => {
    const asked: (readonly string[])[] = [];
    const inspect = batchedInspect((references) => {
      asked.push(references);
      return Promise.resolve(new Map([["a", image("a")]]));
    });
    const found = await Promise.all([inspect("a"), inspect("b"), inspect("a")]);
    expect(found.map((one) => one?.id)).toEqual(["a", undefined, "a"]);
    await inspect("c");
    expect(asked).toEqual([["a", "b"], ["c"]]);
  });

  it("tells everyone who asked of a failure, and goes on", async () => {
    let fails = true;
    const inspect = batchedInspect(() => (fails ? Promise.reject(new Error("no podman")) : Promise.resolve(new Map())));
    const settled = await Promise.allSettled([inspect("a"), inspect("b")]);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    fails = false;
    expect(await inspect("a")).toBeUndefined();
  });
});
