import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import type { VolumeRecord } from "./records.ts";
import { mustBeTheSame, sizeFor } from "./volume-wish.ts";

const MIB = 1024 * 1024;

describe("the size that a wish gets", () => {
  it.each([
    { name: "what is asked for", least: 5 * MIB, most: null, source: null, size: 5 * MIB },
    { name: "whole mebibytes", least: 5 * MIB + 1, most: null, source: null, size: 6 * MIB },
    { name: "no more than is allowed, to the byte", least: 5 * MIB + 1, most: 5 * MIB + 2, source: null, size: 5 * MIB + 1 },
    { name: "one gibibyte when nobody says anything", least: null, most: null, source: null, size: 1024 * MIB },
    { name: "what is allowed when that is less", least: null, most: 7 * MIB, source: null, size: 7 * MIB },
    { name: "its source's", least: null, most: null, source: 9 * MIB, size: 9 * MIB },
    { name: "more than its source has", least: 10 * MIB, most: null, source: 9 * MIB, size: 10 * MIB },
    { name: "room for the file system's books", least: 1, most: null, source: null, size: MIB },
  ])("is $name", ({ least, most, source, size }) => {
    expect(sizeFor({ least, most }, source)).toBe(size);
  });

  it.each([
    { name: "less than the source", range: { least: 5, most: null }, source: 9 },
    { name: "at most less than the source", range: { least: null, most: 5 }, source: 9 },
    { name: "at most less than at least", range: { least: 9, most: 5 }, source: null },
  ])("is refused when it is $name", ({ range, source }) => {
    expect(() => sizeFor(range, source)).toThrow(expect.objectContaining({ code: status.OUT_OF_RANGE }));
  });
});

describe("a name that is asked for again", () => {
  const wish = { name: "a", size: { least: 5 * MIB, most: null }, reserve: true, source: null };
  const found: VolumeRecord = {
    ...{ kind: "volume", id: "v", name: "a", sizeBytes: 8 * MIB, reserved: true, source: null, state: "ready", createdAt: "" },
  };

  it("means the volume that is there, also when it has grown", () => {
    expect(mustBeTheSame(found, wish)).toBe(found);
  });

  it.each([
    { name: "larger", other: { ...wish, size: { least: 9 * MIB, most: null } } },
    { name: "smaller", other: { ...wish, size: { least: null, most: 7 * MIB } } },
    { name: "of something", other: { ...wish, source: { kind: "snapshot" as const, id: "s" } } },
    { name: "of another class", other: { ...wish, reserve: false } },
  ])("is refused when it shall be $name", ({ other }) => {
    expect(() => mustBeTheSame(found, other)).toThrow(expect.objectContaining({ code: status.ALREADY_EXISTS }));
  });
});
