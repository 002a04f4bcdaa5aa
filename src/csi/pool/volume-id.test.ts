import { describe, expect, it } from "vitest";
import { snapshotId, volumeId, whereabouts } from "./volume-id.ts";

describe("ids of volumes", () => {
  it("follow from node and name, and are those of earlier versions for good", () => {
    expect(volumeId("node-1", "pvc-1")).toBe(volumeId("node-1", "pvc-1"));
    expect(volumeId("node-1", "pvc-1")).toMatchInlineSnapshot(`"v-a06a3f66-a6e1b97f35f15e735b4e2ed14ffcd254"`);
    expect(snapshotId("node-1", "pvc-1")).toMatchInlineSnapshot(`"s-a06a3f66-e0b39b0976617605dbcc645443a8afdc"`);
  });

  it("differ between names, nodes and kinds", () => {
    const ids = [volumeId("a", "x"), volumeId("a", "y"), volumeId("b", "x"), snapshotId("a", "x")];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([
    { id: volumeId("a", "x"), is: "here" },
    { id: snapshotId("a", "x"), is: "here" },
    { id: volumeId("b", "x"), is: "elsewhere" },
    { id: "pvc-1", is: "nowhere" },
    { id: `${volumeId("a", "x")}/../x`, is: "nowhere" },
    { id: "", is: "nowhere" },
  ])("say where $id is: $is", ({ id, is }) => {
    expect(whereabouts("a", id)).toBe(is);
  });
});
