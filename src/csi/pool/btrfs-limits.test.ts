import { describe, expect, it } from "vitest";
import { parseQgroups } from "./btrfs-limits.ts";

const head = "Qgroupid    Referenced    Exclusive  Max referenced   Path \n--------    ----------    ---------  --------------   ---- \n";

describe("quota groups of btrfs", () => {
  it("say what a volume holds and may hold", () => {
    expect(parseQgroups(`${head}0/256          5259264      5259264        10000000   a\n`)).toEqual({
      usedBytes: 5_259_264,
      limitBytes: 10_000_000,
    });
  });

  it.each([
    { name: "without a limit", text: `${head}0/5  16384  16384  none  <toplevel>\n` },
    { name: "that aren't there", text: head },
    { name: "of older tools without paths, above volumes", text: `${head}1/1  1  1  1  x\n` },
  ])("say nothing $name", ({ text }) => {
    expect(parseQgroups(text)).toBeUndefined();
  });
});
