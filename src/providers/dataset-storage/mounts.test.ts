import { describe, expect, it } from "vitest";
import { findMount } from "./mounts.ts";

const MOUNTINFO = `24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
36 24 0:41 / /var/lib/howdah/dataset-storage/mount rw,nosuid,nodev,noatime shared:9 - btrfs /dev/loop3 rw,discard=async
37 24 0:42 / /with\\040blank rw - btrfs /dev/loop4 ro,error
38 24 0:43 / /twice rw - tmpfs none rw
39 38 0:44 / /twice ro - btrfs /dev/loop5 rw
`;

describe("what is mounted where", () => {
  it.each([
    ["/var/lib/howdah/dataset-storage/mount", { device: "/dev/loop3", readOnly: false }],
    ["/with blank", { device: "/dev/loop4", readOnly: true }],
    ["/twice", { device: "/dev/loop5", readOnly: false }],
    ["/var/lib/howdah", undefined],
  ])("at %s is %j", (directory, mount) => expect(findMount(directory, MOUNTINFO)).toEqual(mount));
});
