import { describe, expect, it } from "vitest";
import { mountAt, mountsOf, parseMountTable } from "./mount-table.ts";

const line = (device: string, root: string, at: string, options = "rw,relatime"): string =>
  `99 27 ${device} ${root} ${at} ${options} shared:1 - btrfs /dev/loop0 rw`;

const table = parseMountTable(
  [
    line("8:1", "/", "/"),
    line("0:42", "/", "/pool/mount"),
    line("0:42", "/volumes/a/data", "/var/lib/kubelet/pods/1/mount", "ro,relatime"),
    line("0:42", "/volumes/ab/data", "/var/lib/kubelet/pods/2/mount"),
    line("0:42", "/volumes/c/data/inner", "/elsewhere"),
    line("0:43", "/volumes/a/data", "/another/disk"),
    line("8:1", "/with\\040blank", "/a\\040b"),
    "",
  ].join("\n"),
);

describe("the table of mounts", () => {
  it("reads blanks that the kernel writes as numbers", () => {
    expect(mountAt(table, "/a b")).toMatchObject({ root: "/with blank", device: "8:1" });
  });

  it.each([
    { directory: "/pool/mount/volumes/a/data", at: ["/var/lib/kubelet/pods/1/mount"] },
    { directory: "/pool/mount/volumes/ab/data", at: ["/var/lib/kubelet/pods/2/mount"] },
    { directory: "/pool/mount/volumes/c/data", at: ["/elsewhere"] },
    { directory: "/pool/mount/volumes/d/data", at: [] },
  ])("knows who uses $directory, on its own disk only", ({ directory, at }) => {
    expect(mountsOf(table, directory).map(({ mountPoint }) => mountPoint)).toEqual(at);
  });

  it("knows the uppermost of two mounts at one place", () => {
    const twice = parseMountTable([line("8:1", "/", "/"), line("0:1", "/x", "/m"), line("0:2", "/y", "/m")].join("\n"));
    expect(mountAt(twice, "/m")?.root).toBe("/y");
  });

  it("does not take a disk that another one is mounted over for the one that is seen", () => {
    const over = parseMountTable([line("8:1", "/", "/"), line("0:1", "/", "/m"), line("0:2", "/", "/m")].join("\n"));
    const users = parseMountTable(
      [line("8:1", "/", "/"), line("0:1", "/", "/m"), line("0:2", "/", "/m"), line("0:1", "/v", "/t")].join("\n"),
    );
    expect(mountsOf(over, "/m/v")).toEqual([]);
    expect(mountsOf(users, "/m/v")).toEqual([]);
  });
});
