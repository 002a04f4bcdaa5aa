import { expect, it } from "vitest";
import { bytesBetween, filesBetween, nextRound } from "./next-round.ts";

it.each([
  { what: "nothing was brought yet", catchUp: { round: 0, behindBytes: 0, lastMs: 0 }, does: "again" },
  { what: "much is left", catchUp: { round: 1, behindBytes: 50e6, lastMs: 900 }, does: "again" },
  { what: "the last round was slow", catchUp: { round: 1, behindBytes: 1000, lastMs: 9000 }, does: "again" },
  { what: "little is left", catchUp: { round: 1, behindBytes: 1000, lastMs: 900 }, does: "hold" },
  { what: "it never gets less", catchUp: { round: 12, behindBytes: 50e6, lastMs: 9000 }, does: "hold" },
])("goes on with $does when $what", ({ catchUp, does }) => {
  expect(nextRound(catchUp)).toBe(does);
});

const files = [
  { file: "binlog.000001", bytes: 1000 },
  { file: "binlog.000002", bytes: 500 },
  { file: "binlog.000003", bytes: 700 },
];
const at = (file: string, position: number) => ({ file, position });

it.each([
  { from: at("binlog.000001", 400), to: at("binlog.000001", 900), names: ["binlog.000001"], bytes: 500 },
  { from: at("binlog.000001", 400), to: at("binlog.000003", 100), names: files.map(({ file }) => file), bytes: 1200 },
  { from: at("binlog.000002", 4), to: at("binlog.000003", 4), names: ["binlog.000002", "binlog.000003"], bytes: 500 },
])("knows what lies between $from and $to", ({ from, to, names, bytes }) => {
  const between = filesBetween(files, from, to);
  expect(between?.map(({ file }) => file)).toEqual(names);
  expect(bytesBetween(between ?? [], from, to)).toBe(bytes);
});

it.each([
  { from: at("binlog.000000", 4), to: at("binlog.000003", 4) },
  { from: at("binlog.000003", 4), to: at("binlog.000001", 4) },
])("has nothing to read when the log was purged or is another ($from)", ({ from, to }) => {
  expect(filesBetween(files, from, to)).toBeNull();
});
