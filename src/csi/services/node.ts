import { isAbsolute, normalize } from "node:path";
import { invalid } from "../csi-error.ts";
import { NODE_KEY } from "../../kernel/storage-driver.ts";
import { publishVolume, unpublishVolume } from "../node/publish-volume.ts";
import { volumeStats } from "../node/volume-stats.ts";
import { growVolume } from "../pool/grow-volume.ts";
import type { PoolParts } from "../pool/pool-parts.ts";
import type { ExpandRequest, PublishRequest, StatsRequest, UnpublishRequest } from "./messages.ts";
import { mountOptions, requireCapabilities } from "./parse-capabilities.ts";
import { parseRange } from "./parse-create-volume.ts";
import type { Handlers } from "./unary.ts";

const capabilities = ["GET_VOLUME_STATS", "EXPAND_VOLUME", "SINGLE_NODE_MULTI_WRITER"];

/** What a kubelet asks: volumes for its pods. Nothing is staged, since a volume is a directory that is there. */
export function nodeService(parts: PoolParts): Handlers {
  return {
    NodeGetCapabilities: async () => ({ capabilities: capabilities.map((type) => ({ rpc: { type } })) }),
    NodeGetInfo: async () => ({ node_id: parts.node, accessible_topology: { segments: { [NODE_KEY]: parts.node } } }),
    NodePublishVolume: async ({ volume_id, target_path, volume_capability, readonly }: PublishRequest) => {
      if (volume_id === "") throw invalid("volume_id is missing");
      const target = requirePath(target_path, "target_path");
      if (volume_capability === null) throw invalid("volume_capability is missing");
      requireCapabilities([volume_capability]);
      const alone = volume_capability.access_mode?.mode === "SINGLE_NODE_SINGLE_WRITER";
      await publishVolume(parts, { id: volume_id, target, options: mountOptions(volume_capability, readonly), alone });
      return {};
    },
    NodeUnpublishVolume: async ({ volume_id, target_path }: UnpublishRequest) => {
      if (volume_id === "") throw invalid("volume_id is missing");
      await unpublishVolume(parts, requirePath(target_path, "target_path"));
      return {};
    },
    NodeGetVolumeStats: async ({ volume_id, volume_path }: StatsRequest) => {
      if (volume_id === "") throw invalid("volume_id is missing");
      if (volume_path === "") throw invalid("volume_path is missing");
      return { usage: await volumeStats(parts, volume_id, volume_path) };
    },
    NodeExpandVolume: async ({ volume_id, volume_path, capacity_range }: ExpandRequest) => {
      if (volume_id === "") throw invalid("volume_id is missing");
      if (volume_path === "") throw invalid("volume_path is missing");
      return { capacity_bytes: await growVolume(parts, volume_id, parseRange(capacity_range)) };
    },
  };
}

/** A path that means what it says: nothing in it leads elsewhere. */
function requirePath(path: string, field: string): string {
  if (path === "") throw invalid(`${field} is missing`);
  const plain = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  if (!isAbsolute(plain) || normalize(plain) !== plain) throw invalid(`${field} is no absolute path`);
  return plain;
}
