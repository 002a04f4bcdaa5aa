import { status } from "@grpc/grpc-js";
import { CsiError } from "../csi-error.ts";
import type { VolumeRecord } from "./records.ts";

const MIB = 1024 * 1024;
/** Room for a file system's own books even when somebody asks for one byte. */
const SMALLEST = MIB;
const DEFAULT = 1024 * MIB;

/** How large it shall be at least and at most; null says nothing. */
export interface SizeRange {
  readonly least: number | null;
  readonly most: number | null;
}

/** A volume that somebody asks for. */
export interface VolumeWish {
  readonly name: string;
  readonly size: SizeRange;
  readonly reserve: boolean;
  readonly source: VolumeRecord["source"];
}

/** The size that a wish gets: what is asked for, in whole mebibytes, never less than its source has. Error: `OUT_OF_RANGE`. */
export function sizeFor({ least, most }: SizeRange, sourceBytes: number | null): number {
  const wanted = least ?? Math.min(sourceBytes ?? DEFAULT, most ?? Number.MAX_SAFE_INTEGER);
  if (most !== null && wanted > most) throw new CsiError(status.OUT_OF_RANGE, `At least ${wanted} and at most ${most} bytes is no size`);
  if (sourceBytes !== null && wanted < sourceBytes)
    throw new CsiError(status.OUT_OF_RANGE, `${wanted} bytes are asked for, and the source has ${sourceBytes}: a copy is never smaller`);
  const rounded = Math.max(SMALLEST, Math.ceil(wanted / MIB) * MIB);
  return most !== null && rounded > most ? wanted : rounded;
}

/** Who asks again for a name gets the same volume, or hears that the name is something else. Error: `ALREADY_EXISTS`. */
export function mustBeTheSame(found: VolumeRecord, wish: VolumeWish): VolumeRecord {
  const fits = found.sizeBytes >= (wish.size.least ?? 0) && found.sizeBytes <= (wish.size.most ?? Number.MAX_SAFE_INTEGER);
  const sameSource = found.source?.kind === wish.source?.kind && found.source?.id === wish.source?.id;
  if (fits && sameSource && found.reserved === wish.reserve) return found;
  throw new CsiError(
    status.ALREADY_EXISTS,
    `There is a volume ${wish.name} already, with ${found.sizeBytes} bytes, and it was asked for otherwise`,
  );
}
