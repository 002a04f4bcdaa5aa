import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lastLines, logCursor } from "./container-log.ts";

describe("a container's log", () => {
  let directory = "";
  let path = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-log-"));
    path = join(directory, "ctr.log");
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("is read on from where it was left, and from the start when it was cut", async () => {
    await writeFile(path, "T1 stdout F one\nT2 stderr F two\nT3 stdout F hal");
    const cursor = logCursor(path);
    expect((await cursor.next()).map((line) => line.text)).toEqual(["one", "two"]);
    await appendFile(path, "f\n");
    expect((await cursor.next()).map((line) => line.text)).toEqual(["half"]);
    await writeFile(path, "T4 stdout F new\n");
    expect(await cursor.next()).toEqual([{ time: "T4", stream: "stdout", text: "new" }]);
  });

  it("is read without the password that PHP says when the session server is away", async () => {
    await writeFile(path, "T1 stderr F path: tcp://sessions:6379?auth[]=php&auth[]=secret1\n");
    expect((await lastLines(path, 9)).map((line) => line.text)).toEqual(["path: tcp://sessions:6379?auth[]=php&auth[]=…"]);
  });

  it("joins the pieces of a long line", async () => {
    await writeFile(path, "T1 stdout P one \nT1 stderr F other\nT1 stdout F line\n");
    expect((await logCursor(path).next()).map((line) => line.text)).toEqual(["other", "one line"]);
  });

  it("gives the last words of a program that ends no line", async () => {
    await writeFile(path, "T1 stdout F one\nT2 stdout P the \nT3 stdout P end");
    const cursor = logCursor(path);
    expect((await cursor.next()).map((line) => line.text)).toEqual(["one"]);
    expect(cursor.rest()).toEqual([{ time: "T2", stream: "stdout", text: "the " }]);
    await appendFile(path, "\n");
    expect((await lastLines(path, 1)).map((line) => line.text)).toEqual(["the end"]);
  });

  it("gives the last lines, and none when the file is gone", async () => {
    await writeFile(path, Array.from({ length: 300 }, (_, n) => `T stdout F ${n}\n`).join(""));
    expect((await lastLines(path, 2)).map((line) => line.text)).toEqual(["298", "299"]);
    expect(await lastLines(join(directory, "none"), 5)).toEqual([]);
  });
});
