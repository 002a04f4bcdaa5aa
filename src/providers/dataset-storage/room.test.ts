import { describe, expect, it } from "vitest";
import { requireRoom, reserveOf } from "./room.ts";

const GIB = 1024 ** 3;

describe("room for datasets", () => {
  it.each([
    [10 * GIB, GIB / 2],
    [40 * GIB, 2 * GIB],
    [4000 * GIB, 2 * GIB],
  ])("of a disk of %d bytes, %d stay free", (disk, free) => expect(reserveOf(disk)).toBe(free));

  it.each([
    [0, 0],
    [GIB, GIB + 1],
  ])("of %d bytes is too little for %d", (room, bytes) =>
    expect(() => requireRoom(room, bytes, "/d")).toThrow(expect.objectContaining({ code: "dataset/storage-full" })),
  );

  it.each([
    [1, 0],
    [GIB, GIB],
  ])("of %d bytes is enough for %d", (room, bytes) => expect(() => requireRoom(room, bytes, "/d")).not.toThrow());
});
