import { describe, expect, it } from "vitest";
import { fuzzDatasets } from "../../../test/support/dataset-fuzz.ts";

describe("datasets and environments that come and go, made by processes that are killed anywhere", () => {
  it.each([1, 2])("lose, swap, mix and leave behind no volume (seed %i)", async (seed) => {
    const found = await fuzzDatasets(100, seed);
    expect(found.faults).toEqual([]);
    expect(found.kills).toBeGreaterThan(3);
    expect(found.looks).toBeGreaterThan(10);
  });
});
