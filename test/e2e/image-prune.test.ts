import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { staticSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();

/** Both have a site of this name. */
const SITE = "pshop";
type Site = TestSite & { write(text: string): Promise<void> };

describe.skipIf(skip !== undefined)(`images of releases${skip === undefined ? "" : ` (${skip})`}`, () => {
  let ours: HowdahMachine;
  let theirs: HowdahMachine;
  let site: Site;
  let other: Site;

  beforeAll(async () => {
    [ours, theirs] = [await howdahMachine("prune-a", 18_730), await howdahMachine("prune-b", 18_734)];
    site = await staticSite(ours, SITE);
    await ours.ok("up", site.directory);
    other = await staticSite(theirs, SITE, site);
    await other.write("theirs one");
    await theirs.ok("up", other.directory);
  });
  afterAll(async () => {
    expect([await ours.remove(), await theirs.remove()]).toEqual([[], []]);
  });

  it("stay when another instance deploys a site of the same name", async () => {
    await other.write("theirs two");
    await theirs.ok("deploy", other.directory);
    await site.write("two");
    await ours.ok("deploy", site.directory);
    await theirs.ok("rollback", "r1", "--site", SITE);
    await ours.ok("rollback", "r1", "--site", SITE);
    expect([await site.page(), await other.page()]).toEqual([`${SITE} one`, "theirs one"]);
  });
});
