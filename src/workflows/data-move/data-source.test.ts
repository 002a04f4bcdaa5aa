import { describe, expect, it } from "vitest";
import type { Site } from "../../site/site.ts";
import { besideBundle } from "./beside-bundle.ts";
import { dataPlace } from "./data-place.ts";
import { nodeSource, unfit } from "./data-source.ts";
import { repositoryOf } from "./mover-image.ts";
import { bytesPerSecond } from "./rate.ts";

describe("where data comes from", () => {
  it.each([
    ["worker-2:/srv/www/a b", { kind: "node", node: "worker-2", path: "/srv/www/a b" }],
    ["ip-10-0-0-1.eu.internal:/srv/new\nline", { kind: "node", node: "ip-10-0-0-1.eu.internal", path: "/srv/new\nline" }],
  ])("%j is a node's directory", (text, source) => {
    expect(nodeSource(text)).toEqual(source);
  });

  it.each(["worker", "worker:", "worker:/", "worker:srv", ":/srv", "worker:/srv/../etc", "Worker:/srv", "a b:/srv", "w:/a\0b"])(
    "refuses %j",
    (text) => {
      expect(() => nodeSource(text)).toThrow(expect.objectContaining({ code: "usage/invalid" }));
    },
  );

  const whole = "Capabilities:\n    64-bit files, symlinks, hardlinks, hardlink-specials, ACLs, xattrs, optional secluded-args\n";
  it.each([
    [`rsync  version 3.5.0  protocol version 32\n${whole}`, undefined],
    [`rsync  version 3.2.3  protocol version 31\n${whole}`, undefined],
    [`rsync  version 4.0.0  protocol version 33\n${whole}`, undefined],
    [`rsync  version 3.1.9  protocol version 31\n${whole}`, "is 3.1.9, older than 3.2.3"],
    ["rsync  version 3.4.1  protocol version 32\n    hardlinks, no ACLs, no xattrs\n", "can't keep ACLs, xattrs"],
    ["openrsync: protocol version 29\n", "is not the one of rsync.samba.org"],
  ])("judges an rsync that says %j", (says, why) => {
    expect(unfit(says)).toBe(why);
  });
});

describe("where data goes", () => {
  const site = {
    name: "blog",
    code: "sealed",
    mounts: [
      { path: "uploads", volume: "uploads", storage: "shared" },
      { path: "var/cache", volume: "var-cache", storage: "local" },
    ],
  } as unknown as Site;

  it.each([
    [undefined, { claim: "uploads", below: "", path: "uploads" }],
    ["uploads", { claim: "uploads", below: "", path: "uploads" }],
    ["/srv/web/uploads/2026/a b/", { claim: "uploads", below: "2026/a b", path: "uploads/2026/a b" }],
  ])("%j is in a volume", (path, place) => {
    expect(dataPlace(site, path)).toEqual(place);
  });

  it.each(["var/cache", "index.php", "uploads/../index.php", "/etc"])("refuses %s", (path) => {
    expect(() => dataPlace(site, path)).toThrow(expect.objectContaining({ code: "data/path-refused" }));
  });

  it("asks when there are several", () => {
    const two = { ...site, mounts: [...site.mounts, { path: "media", volume: "media", storage: "shared" }] } as unknown as Site;
    expect(() => dataPlace(two, undefined)).toThrow(expect.objectContaining({ code: "usage/invalid" }));
  });

  it("finds the code's volume around the mounts", () => {
    const writable = { ...site, code: "writable" } as unknown as Site;
    expect(dataPlace(writable, "wp-content/plugins")).toMatchObject({ claim: "code", below: "wp-content/plugins" });
    expect(dataPlace(writable, "uploads/x")).toMatchObject({ claim: "uploads", below: "x" });
  });
});

describe("rates", () => {
  it.each([
    ["20M", 20_000_000],
    ["500k", 500_000],
    ["1.5G", 1_500_000_000],
    ["2k", 2000],
  ])("%s is %d bytes a second", (text, rate) => {
    expect(bytesPerSecond(text)).toBe(rate);
  });

  it.each(["20", "0M", "1k", "-5M", "20MB", "fast", ""])("refuses %j", (text) => {
    expect(() => bytesPerSecond(text)).toThrow(expect.objectContaining({ code: "usage/invalid" }));
  });
});

it.each([
  ["file:///x/src/workflows/data-move/beside-bundle.ts", "file:///x/src/workflows/data-move/rsh-bridge.ts"],
  ["file:///x/dist/main.js", "file:///x/dist/rsh-bridge.js"],
  ["file:///x/dist/chunks/move-data-AB12.js", "file:///x/dist/rsh-bridge.js"],
])("seen from %s the bridge is %s", (from, bridge) => {
  expect(besideBundle("rsh-bridge", from).href).toBe(bridge);
});

it.each([
  [`r.example.org/team/blog/web@sha256:${"a".repeat(64)}`, "r.example.org/team/blog"],
  [`docker.io/team/blog-web@sha256:${"a".repeat(64)}`, "docker.io/team/blog"],
  [undefined, undefined],
])("the image lies beside %s", (web, repository) => {
  expect(repositoryOf(web)).toBe(repository);
});
