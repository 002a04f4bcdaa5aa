/** What the dynamic loader reads of an ELF file. */
export interface Elf {
  readonly needed: readonly string[];
  /** DT_RUNPATH and DT_RPATH, split at colons. */
  readonly runPaths: readonly string[];
  /** The loader that a program asks for. */
  readonly interpreter: string | undefined;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

/** Whether the first bytes of a file are those of a 64-bit little-endian ELF file. */
export function isElf(start: Buffer): boolean {
  return start.length >= 64 && start.readUInt32BE(0) === 0x7f454c46 && start[4] === 2 && start[5] === 1;
}

/** Reads the dynamic section of a 64-bit little-endian ELF file; undefined when it is not one. A damaged one gives what could be read. */
export function readElf(file: Buffer): Elf | undefined {
  if (!isElf(file)) return undefined;
  const segments = segmentsOf(file);
  const interp = segments.find((segment) => segment.type === PT_INTERP);
  const interpreter = interp === undefined ? undefined : textAt(file, interp.offset);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  if (dynamic === undefined) return { needed: [], runPaths: [], interpreter };
  const tags = tagsOf(file, dynamic);
  const tableAddress = tags.find(([tag]) => tag === DT_STRTAB)?.[1];
  const table = tableAddress === undefined ? undefined : fileOffset(segments, tableAddress);
  if (table === undefined) return { needed: [], runPaths: [], interpreter };
  const texts = (...wanted: bigint[]): string[] =>
    tags.filter(([tag]) => wanted.includes(tag)).map(([, value]) => textAt(file, table + Number(value)));
  return { needed: texts(DT_NEEDED), runPaths: texts(DT_RUNPATH, DT_RPATH).flatMap((paths) => paths.split(":")), interpreter };
}

function segmentsOf(file: Buffer): readonly Segment[] {
  const start = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  const count = file.readUInt16LE(56);
  const segments: Segment[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = start + index * size;
    if (size < 56 || at + size > file.length) break;
    segments.push({
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: file.readBigUInt64LE(at + 16),
      size: Number(file.readBigUInt64LE(at + 32)),
    });
  }
  return segments;
}

function tagsOf(file: Buffer, dynamic: Segment): readonly (readonly [bigint, bigint])[] {
  const tags: (readonly [bigint, bigint])[] = [];
  const end = Math.min(dynamic.offset + dynamic.size, file.length);
  for (let at = dynamic.offset; at + 16 <= end; at += 16) {
    const tag = file.readBigInt64LE(at);
    if (tag === 0n) break;
    tags.push([tag, file.readBigUInt64LE(at + 8)]);
  }
  return tags;
}

function fileOffset(segments: readonly Segment[], address: bigint): number | undefined {
  const holder = segments.find(
    (segment) => segment.type === PT_LOAD && address >= segment.address && address < segment.address + BigInt(segment.size),
  );
  return holder === undefined ? undefined : holder.offset + Number(address - holder.address);
}

function textAt(file: Buffer, at: number): string {
  if (at < 0 || at >= file.length) return "";
  const end = file.indexOf(0, at);
  return file.toString("utf8", at, end === -1 ? file.length : end);
}
