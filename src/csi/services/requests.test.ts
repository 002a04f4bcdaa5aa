import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { asCsiError } from "../csi-error.ts";
import { NODE_KEY, RESERVE } from "../../kernel/storage-driver.ts";
import type { Capability, CreateVolumeRequest } from "./messages.ts";
import { pageOf } from "./pages.ts";
import { mountOptions, objectionTo } from "./parse-capabilities.ts";
import { parseCreateVolume } from "./parse-create-volume.ts";

const capability = (mode: string, more: object = {}): Capability => ({
  access_type: "mount",
  mount: { fs_type: "", mount_flags: [], volume_mount_group: "" },
  access_mode: { mode },
  ...more,
});
const request: CreateVolumeRequest = {
  ...{ name: "pvc-1", capacity_range: { required_bytes: 5, limit_bytes: 0 }, volume_capabilities: [capability("SINGLE_NODE_WRITER")] },
  ...{ parameters: {}, mutable_parameters: {}, volume_content_source: null, accessibility_requirements: null },
};
const on = (node: string) => ({ segments: { [NODE_KEY]: node } });

describe("a request for a volume", () => {
  it("is a wish", () => {
    const parameters = { [RESERVE]: "false", "csi.storage.k8s.io/pvc/name": "data" };
    const volume_content_source = { type: "snapshot" as const, snapshot: { snapshot_id: "s-1" } };
    expect(parseCreateVolume({ ...request, parameters, volume_content_source }, "n")).toEqual({
      ...{ name: "pvc-1", size: { least: 5, most: null }, reserve: false, source: { kind: "snapshot", id: "s-1" } },
    });
  });

  it.each([
    { name: "no name", change: { name: "" } },
    { name: "a name with a line end", change: { name: "a\nb" } },
    { name: "a name that is too long", change: { name: "a".repeat(129) } },
    { name: "no capability", change: { volume_capabilities: [] } },
    { name: "a parameter that nobody knows", change: { parameters: { fast: "yes" } } },
    { name: "half a promise", change: { parameters: { [RESERVE]: "half" } } },
    { name: "a size below nothing", change: { capacity_range: { required_bytes: -1, limit_bytes: 0 } } },
    { name: "a source without a name", change: { volume_content_source: { type: "volume" as const, volume: { volume_id: "" } } } },
  ])("is refused with $name", ({ change }) => {
    expect(() => parseCreateVolume({ ...request, ...change }, "n")).toThrow(expect.objectContaining({ code: status.INVALID_ARGUMENT }));
  });

  it("is one for this node, or for another driver", () => {
    const wanted = (...nodes: readonly string[]) => ({ requisite: nodes.map(on), preferred: [] });
    expect(parseCreateVolume({ ...request, accessibility_requirements: wanted("m", "n") }, "n").name).toBe("pvc-1");
    expect(() => parseCreateVolume({ ...request, accessibility_requirements: wanted("m") }, "n")).toThrow(
      expect.objectContaining({ code: status.RESOURCE_EXHAUSTED }),
    );
  });
});

describe("the way in which a volume is wanted", () => {
  it.each(["SINGLE_NODE_WRITER", "SINGLE_NODE_READER_ONLY", "SINGLE_NODE_SINGLE_WRITER", "SINGLE_NODE_MULTI_WRITER"])(
    "may be %s",
    (mode) => {
      expect(objectionTo(capability(mode))).toBeUndefined();
    },
  );

  it.each([
    { name: "several nodes", wanted: capability("MULTI_NODE_MULTI_WRITER"), words: /one node/ },
    { name: "a block device", wanted: capability("SINGLE_NODE_WRITER", { access_type: "block" }), words: /directories/ },
    {
      name: "a file system of its own",
      wanted: capability("SINGLE_NODE_WRITER", { mount: { fs_type: "ext4", mount_flags: [], volume_mount_group: "" } }),
      words: /ext4/,
    },
    {
      name: "options of a file system",
      wanted: capability("SINGLE_NODE_WRITER", { mount: { fs_type: "", mount_flags: ["subvol=/"], volume_mount_group: "" } }),
      words: /subvol/,
    },
  ])("can't be $name", ({ wanted, words }) => {
    expect(objectionTo(wanted)).toMatch(words);
  });

  it("is read-only for those who only read", () => {
    expect(mountOptions(capability("SINGLE_NODE_READER_ONLY"), false)).toEqual(["ro"]);
    expect(mountOptions(capability("SINGLE_NODE_WRITER"), true)).toEqual(["ro"]);
    expect(mountOptions(capability("SINGLE_NODE_WRITER"), false)).toEqual([]);
  });
});

describe("a page", () => {
  const ids = ["a", "b", "c"].map((one) => ({ id: `v-${one.repeat(8)}-${one.repeat(32)}` }));

  it("goes on where the one before ended, though that one's last is gone", () => {
    const first = pageOf(ids, { max_entries: 2, starting_token: "" });
    expect(first.page).toEqual(ids.slice(0, 2));
    const later = pageOf(
      [ids[0], ids[2]].filter((one) => one !== undefined),
      { max_entries: 2, starting_token: first.next },
    );
    expect(later).toEqual({ page: ids.slice(2), next: "" });
  });

  it("refuses tokens of others, and numbers below nothing", () => {
    expect(() => pageOf(ids, { max_entries: 0, starting_token: "x" })).toThrow(expect.objectContaining({ code: status.ABORTED }));
    expect(() => pageOf(ids, { max_entries: -1, starting_token: "" })).toThrow(expect.objectContaining({ code: status.INVALID_ARGUMENT }));
  });
});

describe("a failure", () => {
  it.each([
    { error: new HowdahError("dataset/storage-full", "full"), code: status.RESOURCE_EXHAUSTED },
    { error: new HowdahError("machine/disk-full", "full"), code: status.RESOURCE_EXHAUSTED },
    { error: new HowdahError("dataset/storage-missing", "none"), code: status.NOT_FOUND },
    { error: new HowdahError("cancelled", "stopped"), code: status.ABORTED },
    { error: new HowdahError("machine/tool-failed", "btrfs ended"), code: status.INTERNAL },
    { error: new Error("bug"), code: status.INTERNAL },
  ])("$error.message is told by CSI's code $code", ({ error, code }) => {
    expect(asCsiError(error).code).toBe(code);
  });
});
