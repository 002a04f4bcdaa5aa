/** What a tar entry says about a file. Names are relative, directories end in a slash. */
export interface TarMember {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly target: string;
}

const BLOCK = 512;
const typeFlags = { file: "0", symlink: "2", directory: "5" } as const;

/** The header blocks of an entry in POSIX format; owned by root. Names beyond ustar's limits go into an extended header before it. */
export function tarHeader(member: TarMember): Buffer {
  const name = Buffer.from(member.name);
  const target = Buffer.from(member.target);
  const records: Buffer[] = [];
  if (name.length > 100) records.push(paxRecord("path", member.name));
  if (target.length > 100) records.push(paxRecord("linkpath", member.target));
  const plain = ustar(name.subarray(0, 100), typeFlags[member.type], member, target.subarray(0, 100));
  if (records.length === 0) return plain;
  const body = Buffer.concat(records);
  const extended = ustar(Buffer.from("././@PaxHeader"), "x", { ...member, mode: 0o644, size: body.length }, Buffer.alloc(0));
  return Buffer.concat([extended, body, padding(body.length), plain]);
}

/** Zeros up to the next block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The end of an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

function ustar(name: Buffer, flag: string, member: Pick<TarMember, "mode" | "size" | "mtime">, target: Buffer): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0);
  octal(block, 100, 8, member.mode);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, member.size);
  octal(block, 136, 12, member.mtime);
  block.fill(0x20, 148, 156);
  block.write(flag, 156, "ascii");
  target.copy(block, 157);
  block.write("ustar\u{0}00", 257, "binary");
  octal(block, 329, 8, 0);
  octal(block, 337, 8, 0);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "binary");
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, "0"), at, "ascii");
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
