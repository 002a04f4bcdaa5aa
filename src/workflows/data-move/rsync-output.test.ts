import { describe, expect, it } from "vitest";
import { progressWords } from "./copy-tree.ts";
import { parseDifferences } from "./differences.ts";
import { lineReader, parseLeftOut, parseProgress, parseStats, plainName } from "./rsync-output.ts";

describe("progress", () => {
  it.each([
    [
      "              2   0%    0.00kB/s    0:00:00  ",
      { bytes: 2, percent: 0, bytesPerSecond: 0, remaining: "0:00:00", entries: undefined },
    ],
    [
      "     2210398214  99%   71.70MB/s    0:00:29 (xfr#5, to-chk=1/11)",
      {
        bytes: 2_210_398_214,
        percent: 99,
        bytesPerSecond: 71.7 * 1024 ** 2,
        remaining: "0:00:29",
        entries: { done: 10, total: 11 },
      },
    ],
    ["Total file size: 5031 bytes", undefined],
    ["+", undefined],
    ["", undefined],
  ])("reads %j", (line, progress) => {
    expect(parseProgress(line)).toEqual(progress);
  });

  it("is said with bytes, files, speed and what remains", () => {
    const progress = parseProgress("     1210398214  45%   71.70MB/s    0:01:29 (xfr#5, to-chk=273/396)");
    expect(progress && progressWords(progress)).toBe("1.2 GB (45 %), 123 of 396 files, 75.2 MB/s, 0:01:29 left");
  });

  it("comes in pieces, with carriage returns", () => {
    const lines: string[] = [];
    const reader = lineReader((line) => lines.push(line));
    for (const piece of ["a", "b\r", "\rc\n", "d"]) reader.write(piece);
    reader.end();
    expect(lines).toEqual(["ab", "c", "d"]);
  });
});

describe("the end of a copy", () => {
  const said = [
    "Number of files: 15 (reg: 6, dir: 4, link: 3, dev: 1, special: 1)",
    "Number of created files: 11 (reg: 6, dir: 3, link: 1, special: 1)",
    "Number of deleted files: 2 (reg: 2)",
    "Number of regular files transferred: 5",
    "Total file size: 5031 bytes",
    "Total transferred file size: 5008 bytes",
    "Total bytes sent: 5900",
    "Total bytes received: 231",
  ];

  it("is counted", () => {
    expect(parseStats(said)).toEqual({ entries: 15, files: 6, transferred: 5, deleted: 2, bytes: 5031, sent: 6131 });
  });

  it("is missing when rsync was cut off", () => {
    expect(parseStats(said.slice(0, 3))).toBeUndefined();
  });

  it.each([
    ['skipping non-regular file "dev"', { path: "dev", why: "special" }],
    ['ignoring unsafe symlink "a/up" -> "../../x"', { path: "a/up", why: "link" }],
    ['ignoring unsafe symlink "new\\#012line" -> "/etc"', { path: "new\nline", why: "link" }],
    ["+", undefined],
  ])("names what was left out: %s", (line, left) => {
    expect(parseLeftOut(line)).toEqual(left);
  });

  it.each([
    ["plain", "plain"],
    ["new\\#012line", "new\nline"],
    ["\\#303\\#274", "ü"],
    ["back\\#134#101slash", "back\\#101slash"],
  ])("names %s as it is", (printed, name) => {
    expect(plainName(printed)).toBe(name);
  });
});

describe("differences", () => {
  it.each([
    ["<fc........ a b", { path: "a b", what: "content" }],
    ["<f.st...... big", { path: "big", what: "size" }],
    ["<f..t...... page", { path: "page", what: "time" }],
    ["<f+++++++++ new\\#012line", { path: "new\nline", what: "missing" }],
    ["cd+++++++++ dir/", { path: "dir", what: "missing" }],
    ["cLc.t...... link", { path: "link", what: "link" }],
    ["hf+++++++++ other", { path: "other", what: "missing" }],
    ["hf......... other", { path: "other", what: "link" }],
    [".f...p..... x", { path: "x", what: "mode" }],
    [".f.......a. x", { path: "x", what: "acl" }],
    [".f........x x", { path: "x", what: "xattr" }],
    [".d..t...... dir/", { path: "dir", what: "time" }],
    ["*deleting   gone/", { path: "gone", what: "extra" }],
  ])("reads %s", (line, difference) => {
    expect(parseDifferences([line])).toEqual([difference]);
  });

  it.each([".d..tp..... ./", "", 'skipping non-regular file "dev"', "sending incremental file list"])("takes no notice of %j", (line) => {
    expect(parseDifferences([line])).toEqual([]);
  });
});
