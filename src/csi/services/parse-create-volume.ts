import { status } from "@grpc/grpc-js";
import { CsiError, invalid } from "../csi-error.ts";
import { NODE_KEY, RESERVE } from "../../kernel/storage-driver.ts";
import type { SizeRange, VolumeWish } from "../pool/volume-wish.ts";
import type { CapacityRange, ContentSource, CreateVolumeRequest, Topology } from "./messages.ts";
import { requireCapabilities } from "./parse-capabilities.ts";

/** What sidecars add of themselves. */
const OF_SIDECARS = /^csi\.storage\.k8s\.io\//;

/** A request as a wish. Errors: `INVALID_ARGUMENT`; `RESOURCE_EXHAUSTED` when the volume is wanted on other nodes only. */
export function parseCreateVolume(request: CreateVolumeRequest, node: string): VolumeWish {
  const name = requireName(request.name);
  requireCapabilities(request.volume_capabilities);
  if (Object.keys(request.mutable_parameters).length > 0) throw invalid("volumes have no parameters that can be changed");
  const { requisite = [], preferred = [] } = request.accessibility_requirements ?? {};
  const asked = requisite.length > 0 ? requisite : preferred;
  if (asked.length > 0 && !asked.some((topology) => isHere(topology, node)))
    throw new CsiError(status.RESOURCE_EXHAUSTED, `The volume is wanted on another node, and this is ${node}`);
  return {
    name,
    size: parseRange(request.capacity_range),
    reserve: parseReserve(request.parameters),
    source: parseSource(request.volume_content_source),
  };
}

/** A name of a volume or snapshot: CSI allows what isn't a control character. */
export function requireName(name: string): string {
  if (name === "") throw invalid("name is missing");
  if (Buffer.byteLength(name) > 128 || /\p{Cc}/u.test(name)) throw invalid("name is longer than 128 bytes or has control characters");
  return name;
}

/** Whether volumes of a class keep room for their whole size. Error: `INVALID_ARGUMENT` for parameters that nobody knows. */
export function parseReserve(parameters: Readonly<Record<string, string>>): boolean {
  const unknown = Object.keys(parameters).filter((key) => key !== RESERVE && !OF_SIDECARS.test(key));
  if (unknown.length > 0) throw invalid(`parameter ${unknown.join(", ")}: there is only ${RESERVE}`);
  const value = parameters[RESERVE] ?? "true";
  if (value !== "true" && value !== "false") throw invalid(`${RESERVE} is "true" or "false"`);
  return value === "true";
}

/** Zero says nothing. Error: `INVALID_ARGUMENT` for what is below it. */
export function parseRange(range: CapacityRange | null): SizeRange {
  const bytes = (value: number, name: string): number | null => {
    if (value < 0) throw invalid(`${name} is less than nothing`);
    return value === 0 ? null : value;
  };
  return { least: bytes(range?.required_bytes ?? 0, "required_bytes"), most: bytes(range?.limit_bytes ?? 0, "limit_bytes") };
}

/** Whether a topology means this node; one that says nothing of nodes means all. */
export function isHere({ segments }: Topology, node: string): boolean {
  const named = segments[NODE_KEY];
  return named === undefined || named === node;
}

function parseSource(source: ContentSource | null): VolumeWish["source"] {
  if (source === null) return null;
  const id = source.type === "snapshot" ? source.snapshot?.snapshot_id : source.type === "volume" ? source.volume?.volume_id : undefined;
  if (id === undefined || id === "" || source.type === undefined) throw invalid("volume_content_source names nothing");
  return { kind: source.type, id };
}
