import { describe, expect, it } from "vitest";
import { below, parentsFrom } from "./nested-subvolumes.ts";

const LIST = `ID 256 gen 8 parent 5 top level 5 path v
ID 257 gen 7 parent 256 top level 256 path v/d/n
ID 258 gen 7 parent 257 top level 257 path v/d/n/with ID 999 gen 1 parent 256 in it
ID 259 gen 7 parent 256 top level 256 path v/d/ro
ID 260 gen 8 parent 5 top level 5 path s
`;

describe("subvolumes that a container made in its volume", () => {
  it("come before what they are in", () => expect(below("256", parentsFrom(LIST))).toEqual(["258", "257", "259"]));
  it("are none in most", () => expect(below("260", parentsFrom(LIST))).toEqual([]));
});
