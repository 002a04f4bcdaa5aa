import { describe, expect, it } from "vitest";
import { unsharedBlocks } from "./own-bytes.ts";

const FILEFRAG = `Filesystem type is: 58465342
File size of /m/a is 100000 (25 blocks of 4096 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..      24:         24..        48:     25:             last,shared,eof
/m/a: 1 extent found
File size of /m/b is 163840 (40 blocks of 4096 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..       9:        100..       109:     10:             shared
   1:       10..      13:        400..       403:      4:        110:
   2:       14..      39:        114..       139:     26:        404: last,shared,eof
/m/b: 3 extents found
File size of /m/c is 3 (1 block of 4096 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..       0:         10..        10:      1:             last,unwritten,eof
/m/c: 1 extent found
`;

describe("what a tree shares with no other", () => {
  it("is the sum of the extents without that mark", () => expect(unsharedBlocks(FILEFRAG)).toBe(5));
  it("is nothing where no file is", () => expect(unsharedBlocks("")).toBe(0));
});
