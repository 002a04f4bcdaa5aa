import { expect, it } from "vitest";
import { profileFrom } from "./tenant-bounds.ts";

it.each([
  [["small", {}], { profile: "small" }],
  [
    ["own", { memory: "512Mi", connections: "20", statementTime: "2m" }],
    {
      profile: "own",
      bounds: { replicas: null, workers: null, memoryBytes: 512 * 1024 ** 2, connections: 20, statementSeconds: 120, diskBytes: null },
    },
  ],
] as const)("%j is a profile", ([name, flags], profile) => {
  expect(profileFrom(name, flags)).toEqual(profile);
});

it.each([
  ["huge", {}, '"huge" is no profile'],
  ["small", { statementTime: "2m" }, "--statement-time is for the profile own"],
  ["own", { memory: "512" }, "--memory"],
  ["own", { workers: "0" }, "--workers"],
  ["own", { connections: "many" }, "--connections"],
  ["own", { disk: "1 GB" }, "--disk"],
] as const)("refuses %s %j", (name, flags, words) => {
  expect(() => profileFrom(name, flags)).toThrow(words);
});
