/** The parts of CSI's messages that the driver reads, as @grpc/proto-loader gives them: names as in csi.proto, every field there, 64-bit numbers as numbers. */
export interface Capability {
  readonly access_type?: "block" | "mount";
  readonly mount?: { readonly fs_type: string; readonly mount_flags: readonly string[]; readonly volume_mount_group: string } | null;
  readonly access_mode: { readonly mode: string } | null;
}

/** Zero says nothing. */
export interface CapacityRange {
  readonly required_bytes: number;
  readonly limit_bytes: number;
}

/** Where a volume can be reached. */
export interface Topology {
  readonly segments: Readonly<Record<string, string>>;
}

/** What a volume is copied from. */
export interface ContentSource {
  readonly type?: "snapshot" | "volume";
  readonly snapshot?: { readonly snapshot_id: string } | null;
  readonly volume?: { readonly volume_id: string } | null;
}

export interface CreateVolumeRequest {
  readonly name: string;
  readonly capacity_range: CapacityRange | null;
  readonly volume_capabilities: readonly Capability[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly mutable_parameters: Readonly<Record<string, string>>;
  readonly volume_content_source: ContentSource | null;
  readonly accessibility_requirements: { readonly requisite: readonly Topology[]; readonly preferred: readonly Topology[] } | null;
}

export interface VolumeRequest {
  readonly volume_id: string;
}

export interface ValidateRequest extends VolumeRequest {
  readonly volume_context: Readonly<Record<string, string>>;
  readonly volume_capabilities: readonly Capability[];
  readonly parameters: Readonly<Record<string, string>>;
}

export interface ListRequest {
  readonly max_entries: number;
  readonly starting_token: string;
}

export interface ListSnapshotsRequest extends ListRequest {
  readonly source_volume_id: string;
  readonly snapshot_id: string;
}

export interface GetCapacityRequest {
  readonly volume_capabilities: readonly Capability[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly accessible_topology: Topology | null;
}

export interface CreateSnapshotRequest {
  readonly source_volume_id: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface SnapshotRequest {
  readonly snapshot_id: string;
}

export interface PublishRequest extends VolumeRequest {
  readonly target_path: string;
  readonly volume_capability: Capability | null;
  readonly readonly: boolean;
}

export interface UnpublishRequest extends VolumeRequest {
  readonly target_path: string;
}

export interface StatsRequest extends VolumeRequest {
  readonly volume_path: string;
}

export interface ExpandRequest extends StatsRequest {
  readonly capacity_range: CapacityRange | null;
}
