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
const DT_STRSZ = 10n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

/** Gives bytes of a file; fewer when it ends before. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;

/** Whether the first bytes of a file are those of a 64-bit little-endian ELF file. */
export function isElf(start: Buffer): boolean {
  return start.length >= 64 && start.readUInt32BE(0) === 0x7f454c46 && start[4] === 2 && start[5] === 1;
}

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file, and nothing else of it; undefined when it is not one.
 * A damaged file gives what could be read.
 */
export async function readElf(read: ReadAt): Promise<Elf | undefined> {
  const header = await read(0, 64);
  if (!isElf(header)) return undefined;
  const segments = await segmentsOf(header, read);
  const interp = segments.find((segment) => segment.type === PT_INTERP);
  const interpreter = interp === undefined ? undefined : textAt(await read(interp.offset, Math.min(interp.size, 4096)), 0);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  const tags = dynamic === undefined ? [] : tagsOf(await read(dynamic.offset, Math.min(dynamic.size, 1 << 20)));
  const value = (tag: bigint): bigint | undefined => tags.find(([found]) => found === tag)?.[1];
  const tableAddress = value(DT_STRTAB);
  const table = tableAddress === undefined ? undefined : fileOffset(segments, tableAddress);
  if (table === undefined) return { needed: [], runPaths: [], interpreter };
  const names = await read(table, Number(value(DT_STRSZ) ?? 0n));
  const texts = (...wanted: bigint[]): string[] =>
    tags.filter(([tag]) => wanted.includes(tag)).map(([, offset]) => textAt(names, Number(offset)));
  return { needed: texts(DT_NEEDED), runPaths: texts(DT_RUNPATH, DT_RPATH).flatMap((paths) => paths.split(":")), interpreter };
}

async function segmentsOf(header: Buffer, read: ReadAt): Promise<readonly Segment[]> {
  const size = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  if (size < 56) return [];
  const table = await read(Number(header.readBigUInt64LE(32)), size * count);
  const segments: Segment[] = [];
  for (let at = 0; at + 56 <= table.length; at += size) {
    segments.push({
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: table.readBigUInt64LE(at + 16),
      size: Number(table.readBigUInt64LE(at + 32)),
    });
  }
  return segments;
}

function tagsOf(section: Buffer): readonly (readonly [bigint, bigint])[] {
  const tags: (readonly [bigint, bigint])[] = [];
  for (let at = 0; at + 16 <= section.length; at += 16) {
    const tag = section.readBigInt64LE(at);
    if (tag === 0n) break;
    tags.push([tag, section.readBigUInt64LE(at + 8)]);
  }
  return tags;
}

function fileOffset(segments: readonly Segment[], address: bigint): number | undefined {
  const holder = segments.find(
    (segment) => segment.type === PT_LOAD && address >= segment.address && address < segment.address + BigInt(segment.size),
  );
  return holder === undefined ? undefined : holder.offset + Number(address - holder.address);
}

function textAt(bytes: Buffer, at: number): string {
  if (at < 0 || at >= bytes.length) return "";
  const end = bytes.indexOf(0, at);
  return bytes.toString("utf8", at, end === -1 ? bytes.length : end);
}
