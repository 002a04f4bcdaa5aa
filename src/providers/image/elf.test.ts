import { open, stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type ReadAt, readElf } from "./elf.ts";

/** A small ELF file: header, one LOAD, one DYNAMIC and one INTERP segment, a string table. */
function elfFile(): Buffer {
  const file = Buffer.alloc(1024);
  file.writeUInt32BE(0x7f454c46, 0);
  file[4] = 2;
  file[5] = 1;
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(3, 56);
  const segment = (index: number, type: number, offset: number, address: number, size: number): void => {
    const at = 64 + index * 56;
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(address), at + 16);
    file.writeBigUInt64LE(BigInt(size), at + 32);
  };
  segment(0, 1, 0, 0x400000, 1024);
  segment(1, 2, 512, 0x400200, 96);
  segment(2, 3, 700, 0x4002bc, 14);
  file.write("/lib64/ld.so.2\0", 700);
  file.write("\0libc.so.6\0libz.so.1\0$ORIGIN/../lib:/opt\0", 800);
  const tags: [bigint, bigint][] = [
    [1n, 1n],
    [1n, 11n],
    [29n, 21n],
    [5n, 0x400320n],
    [10n, 64n],
    [0n, 0n],
  ];
  tags.forEach(([tag, value], index) => {
    file.writeBigInt64LE(tag, 512 + index * 16);
    file.writeBigUInt64LE(value, 520 + index * 16);
  });
  return file;
}

const reader =
  (file: Buffer): ReadAt =>
  async (offset, length) =>
    file.subarray(offset, offset + length);

describe("ELF reader", () => {
  it("reads needed libraries, run paths and the loader", async () => {
    expect(await readElf(reader(elfFile()))).toEqual({
      needed: ["libc.so.6", "libz.so.1"],
      runPaths: ["$ORIGIN/../lib", "/opt"],
      interpreter: "/lib64/ld.so.2",
    });
  });

  it("is not confused by other files and survives a damaged one", async () => {
    expect(await readElf(reader(Buffer.from("#!/bin/sh\n")))).toBeUndefined();
    for (let at = 64; at < 1024; at += 37) await expect(readElf(reader(elfFile().subarray(0, at)))).resolves.toBeDefined();
  });

  it("reads a real program: the Node that runs this test", async () => {
    const handle = await open(process.execPath);
    const { size } = await stat(process.execPath);
    const elf = await readElf(async (offset, length) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      await handle.read(buffer, 0, buffer.length, offset);
      return buffer;
    });
    await handle.close();
    expect(elf?.needed).toContain("libc.so.6");
  });
});
