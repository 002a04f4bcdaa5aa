import { invalid } from "../csi-error.ts";
import type { Capability } from "./messages.ts";

/** Modes of one node: that is all that a directory of one node can offer. */
const MODES = ["SINGLE_NODE_WRITER", "SINGLE_NODE_READER_ONLY", "SINGLE_NODE_SINGLE_WRITER", "SINGLE_NODE_MULTI_WRITER"];
/** What can be said of one mount without saying it of the file system. */
const FLAGS = ["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime"];

/** Why the driver can't give a volume in this way; undefined when it can. */
export function objectionTo(capability: Capability): string | undefined {
  if (capability.access_type === "block") return "volumes are directories, not block devices (volumeMode: Filesystem)";
  if (capability.access_type !== "mount") return "a capability names neither mount nor block";
  const mode = capability.access_mode?.mode ?? "UNKNOWN";
  if (!MODES.includes(mode)) return `access mode ${mode}: a volume is on one node (ReadWriteOnce or ReadWriteOncePod)`;
  const { fs_type = "", mount_flags = [] } = capability.mount ?? {};
  if (fs_type !== "") return `file system type ${fs_type}: volumes are directories of the node's file system, leave it out`;
  const unknown = mount_flags.filter((flag) => !FLAGS.includes(flag));
  return unknown.length === 0 ? undefined : `mount option ${unknown.join(", ")}: there are ${FLAGS.join(", ")}`;
}

/** Errors: `INVALID_ARGUMENT` when there are none, or the first that can't be had. */
export function requireCapabilities(capabilities: readonly Capability[]): void {
  if (capabilities.length === 0) throw invalid("volume_capabilities is missing");
  const objection = capabilities.map(objectionTo).find((one) => one !== undefined);
  if (objection !== undefined) throw invalid(objection);
}

/** The options of the mount that a capability means. */
export function mountOptions(capability: Capability, readOnly: boolean): readonly string[] {
  const reader = capability.access_mode?.mode === "SINGLE_NODE_READER_ONLY";
  const flags = capability.mount?.mount_flags ?? [];
  return [...new Set([...(readOnly || reader ? ["ro"] : []), ...flags])];
}
