import { describe, expect, it } from "vitest";
import { measured, storageLists } from "./storage-lists.ts";

const layers = JSON.stringify([
  { id: "3", parent: "2", created: "2026-11-21T12:00:00.5Z", "diff-digest": "sha256:b", "diff-size": 20 },
  { id: "2", created: "2026-11-20T12:00:00Z", "diff-digest": "sha256:a", "diff-size": 100 },
  { id: "4", created: "2026-11-20T13:00:00Z", "diff-digest": "sha256:b", "diff-size": 21 },
  { id: "5", parent: "4", created: "2026-11-20T13:00:00Z" },
]);
const images = JSON.stringify([{ id: "i", layer: "3" }, { id: "j", layer: "4" }, { id: "odd", layer: "5" }, { id: "empty" }]);

describe("the lists of podman's storage", () => {
  it("tell a layer's size by what it lies on", () => {
    const lists = storageLists(layers, images);
    const { layers: two, storedAt } = measured(["sha256:a", "sha256:b"], lists.layers);
    expect([two.map(({ bytes }) => bytes), storedAt]).toEqual([[100, 20], Date.parse("2026-11-21T12:00:00.5Z")]);
    expect(measured(["sha256:b"], lists.layers).layers[0]?.bytes).toBe(21);
  });

  it("tell the layers of images, and nothing of those that they don't explain", () => {
    expect([...storageLists(layers, images).images]).toEqual([
      ["i", ["sha256:a", "sha256:b"]],
      ["j", ["sha256:b"]],
    ]);
  });

  it.each(["", "{}", "[1"])("that read %j tell nothing", (text) => {
    const lists = storageLists(text, text);
    expect([lists.images.size, measured(["sha256:a"], lists.layers)]).toMatchObject([0, { layers: [{ bytes: 0 }], storedAt: null }]);
  });
});
