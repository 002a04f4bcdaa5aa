import { invalid } from "../csi-error.ts";
import { NODE_KEY, SIZE_LIMIT } from "../../kernel/storage-driver.ts";
import { capacityOf } from "../pool/capacity.ts";
import { createSnapshot } from "../pool/create-snapshot.ts";
import { createVolume } from "../pool/create-volume.ts";
import { deleteFromPool } from "../pool/delete-volume.ts";
import { findVolume } from "../pool/find-record.ts";
import type { PoolParts } from "../pool/pool-parts.ts";
import type { SnapshotRecord, VolumeRecord } from "../pool/records.ts";
import type {
  CreateSnapshotRequest,
  CreateVolumeRequest,
  GetCapacityRequest,
  ListRequest,
  ListSnapshotsRequest,
  SnapshotRequest,
  ValidateRequest,
  VolumeRequest,
} from "./messages.ts";
import { pageOf } from "./pages.ts";
import { objectionTo, requireCapabilities } from "./parse-capabilities.ts";
import { isHere, parseCreateVolume, parseReserve, requireName } from "./parse-create-volume.ts";
import type { Handlers } from "./unary.ts";

/**
 * No EXPAND_VOLUME: each node has a driver, and a resizer that asked one of them would ask the wrong one. A kubelet asks its own (node.ts), and the
 * resizer leaves it to it.
 */
const capabilities = [
  "CREATE_DELETE_VOLUME",
  "LIST_VOLUMES",
  "GET_CAPACITY",
  "CREATE_DELETE_SNAPSHOT",
  "LIST_SNAPSHOTS",
  "CLONE_VOLUME",
  "SINGLE_NODE_MULTI_WRITER",
];

/** Volumes and snapshots of this node. */
export function controllerService(parts: PoolParts): Handlers {
  const { node } = parts;
  return {
    ControllerGetCapabilities: async () => ({ capabilities: capabilities.map((type) => ({ rpc: { type } })) }),
    CreateVolume: async (request: CreateVolumeRequest) => {
      const record = await createVolume(parts, parseCreateVolume(request, node));
      return { volume: volumeMessage(parts, record) };
    },
    DeleteVolume: async ({ volume_id }: VolumeRequest) => {
      await deleteFromPool(parts, "volume", requireId(volume_id, "volume_id"));
      return {};
    },
    CreateSnapshot: async ({ name, source_volume_id, parameters }: CreateSnapshotRequest) => {
      const unknown = Object.keys(parameters).filter((key) => !key.startsWith("csi.storage.k8s.io/"));
      if (unknown.length > 0) throw invalid(`parameter ${unknown.join(", ")}: snapshots have none`);
      const record = await createSnapshot(parts, requireName(name), requireId(source_volume_id, "source_volume_id"));
      return { snapshot: snapshotMessage(record) };
    },
    DeleteSnapshot: async ({ snapshot_id }: SnapshotRequest) => {
      await deleteFromPool(parts, "snapshot", requireId(snapshot_id, "snapshot_id"));
      return {};
    },
    ValidateVolumeCapabilities: async (request: ValidateRequest) => {
      await findVolume(parts, requireId(request.volume_id, "volume_id"));
      const { volume_capabilities, volume_context, parameters } = request;
      if (volume_capabilities.length === 0) throw invalid("volume_capabilities is missing");
      const objection = volume_capabilities.map(objectionTo).find((one) => one !== undefined);
      return objection === undefined ? { confirmed: { volume_capabilities, volume_context, parameters } } : { message: objection };
    },
    ...lists(parts),
    GetCapacity: async (request: GetCapacityRequest) => {
      if (request.accessible_topology !== null && !isHere(request.accessible_topology, node)) return { available_capacity: 0 };
      if (request.volume_capabilities.length > 0) requireCapabilities(request.volume_capabilities);
      const { availableBytes, largestBytes } = await capacityOf(parts, parseReserve(request.parameters));
      return { available_capacity: availableBytes, maximum_volume_size: { value: largestBytes } };
    },
  };
}

function lists(parts: PoolParts): Handlers {
  return {
    ListVolumes: async (request: ListRequest) => {
      const { page, next } = pageOf(await readyOf(parts, isVolume), request);
      return { entries: page.map((record) => ({ volume: volumeMessage(parts, record) })), next_token: next };
    },
    ListSnapshots: async (request: ListSnapshotsRequest) => {
      const { snapshot_id: id, source_volume_id: volume } = request;
      const all = (await readyOf(parts, isSnapshot)).filter(
        (one) => (id === "" || one.id === id) && (volume === "" || one.volume === volume),
      );
      const { page, next } = pageOf(all, request);
      return { entries: page.map((record) => ({ snapshot: snapshotMessage(record) })), next_token: next };
    },
  };
}

async function readyOf<T extends VolumeRecord | SnapshotRecord>(
  { records }: PoolParts,
  is: (record: VolumeRecord | SnapshotRecord) => record is T,
): Promise<readonly T[]> {
  return (await records.list()).filter(is).filter(({ state }) => state === "ready");
}

function isVolume(record: VolumeRecord | SnapshotRecord): record is VolumeRecord {
  return record.kind === "volume";
}

function isSnapshot(record: VolumeRecord | SnapshotRecord): record is SnapshotRecord {
  return record.kind === "snapshot";
}

function volumeMessage({ node, limits }: PoolParts, { id, sizeBytes, source }: VolumeRecord): object {
  const from = source?.kind === "snapshot" ? { snapshot: { snapshot_id: source.id } } : { volume: { volume_id: source?.id } };
  return {
    volume_id: id,
    capacity_bytes: sizeBytes,
    volume_context: { [SIZE_LIMIT]: limits.enforced ? "quota" : "none" },
    accessible_topology: [{ segments: { [NODE_KEY]: node } }],
    ...(source === null ? {} : { content_source: from }),
  };
}

function snapshotMessage({ id, volume, sizeBytes, createdAt }: SnapshotRecord): object {
  const milliseconds = Date.parse(createdAt);
  const creation_time = { seconds: Math.floor(milliseconds / 1000), nanos: (milliseconds % 1000) * 1_000_000 };
  return { snapshot_id: id, source_volume_id: volume, size_bytes: sizeBytes, creation_time, ready_to_use: true };
}

function requireId(id: string, field: string): string {
  if (id === "") throw invalid(`${field} is missing`);
  return id;
}
