import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Engine, EngineContext, ExecRequest } from "../../engine/engine.ts";
import { attachProcess } from "../../engine/podman/attach-process.ts";
import type { Site } from "../../site/site.ts";
import type { SiteRecord } from "../ports.ts";
import { getFiles } from "./get-files.ts";
import { listFiles } from "./list-files.ts";
import { mountPath } from "./mount-path.ts";
import { putFiles } from "./put-files.ts";
import { receiveTree } from "./receive-tree.ts";

const site = {
  name: "blog",
  code: "sealed",
  topology: "together",
  runtime: {},
  mounts: [{ path: "uploads" }, { path: "var/cache" }],
} as unknown as Site;
const record = { site, namespace: "blog" } as SiteRecord;
const context: EngineContext = { emit: () => {}, signal: new AbortController().signal };
const hasPhp = spawnSync("php", ["-v"]).status === 0;

describe("paths", () => {
  it.each([
    { path: "uploads", absolute: "/srv/web/uploads" },
    { path: "./uploads//2026/", absolute: "/srv/web/uploads/2026" },
    { path: "/uploads/a b", absolute: "/srv/web/uploads/a b" },
    { path: "/srv/web/var/cache/x", absolute: "/srv/web/var/cache/x" },
  ])("$path is $absolute", ({ path, absolute }) => {
    expect(mountPath(site, path)).toBe(absolute);
  });

  it.each([
    "",
    "/",
    "index.php",
    "uploads/../index.php",
    "uploads/..",
    "uploadsX",
    "/srv/web",
    "/etc/passwd",
    "var",
    "uploads/a\nb",
    "uploads/a\0",
  ])("refuses %j", (path) => {
    expect(() => mountPath(site, path)).toThrow(expect.objectContaining({ code: "data/path-refused" }));
  });

  it("opens the whole tree when the code is writable", () => {
    expect(mountPath({ ...site, code: "writable" }, "index.php")).toBe("/srv/web/index.php");
  });
});

describe.skipIf(!hasPhp)("exchange with the program in the container", () => {
  let root: string;
  let local: string;
  let ports: { engine: Engine };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-web-"));
    local = await mkdtemp(join(tmpdir(), "howdah-local-"));
    await mkdir(join(root, "uploads"));
    await mkdir(join(root, "var/cache"), { recursive: true });
    ports = { engine: engineAt(root) };
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
    await rm(local, { recursive: true });
  });

  const old = new Date("2020-02-03T04:05:06Z");
  const longName = `${"länge-".repeat(20)}💥.txt`;

  /** Names and content that archives get wrong. */
  async function fill(directory: string): Promise<void> {
    await mkdir(join(directory, "a/b"), { recursive: true });
    await mkdir(join(directory, "empty"));
    await writeFile(join(directory, "a/b", longName), "deep");
    await writeFile(join(directory, "a/zero"), "");
    await writeFile(join(directory, "bytes"), Buffer.from(Array.from({ length: 256 * 300 }, (_, index) => index % 256)));
    await writeFile(join(directory, "exactly"), Buffer.alloc(1024, 7));
    await writeFile(join(directory, '-rf it\'s "quoted" $HOME;'), "name");
    await utimes(join(directory, "bytes"), old, old);
    await utimes(join(directory, "a"), old, old);
  }

  it("carries a whole tree there and back", async () => {
    const source = join(local, "tree");
    await mkdir(source);
    await fill(source);
    const sent = await putFiles(record, { local: source, path: "uploads/tree" }, ports, context);
    expect(sent).toMatchObject({ files: 5, leftOut: [] });
    expect(await tree(join(root, "uploads/tree"))).toEqual(await tree(source));
    const back = join(local, "back");
    const received = await getFiles(record, { path: "uploads/tree", local: back }, ports, context);
    expect(received).toMatchObject({ files: 5, bytes: sent.bytes, target: back });
    expect(await tree(back)).toEqual(await tree(source));
    expect((await stat(join(back, "bytes"))).mtimeMs).toBe(old.getTime());
    expect((await stat(join(back, "a"))).mtimeMs).toBe(old.getTime());
    expect((await stat(join(root, "uploads/tree/a"))).mtimeMs).toBe(old.getTime());
  });

  it.each([
    { path: "uploads/b.txt", lands: "uploads/b.txt" },
    { path: "uploads/", lands: "uploads/a.txt" },
    { path: "uploads", lands: "uploads/a.txt" },
    { path: "uploads/new/dir/", lands: "uploads/new/dir/a.txt" },
  ])("puts a file to $path as $lands", async ({ path, lands }) => {
    await writeFile(join(local, "a.txt"), "hello");
    await putFiles(record, { local: join(local, "a.txt"), path }, ports, context);
    expect(await readFile(join(root, lands), "utf8")).toBe("hello");
    await getFiles(record, { path: lands, local: `${local}/got/` }, ports, context);
    expect(await readdir(join(local, "got"))).toEqual([lands.slice(lands.lastIndexOf("/") + 1)]);
  });

  it("does not put a file in the place of a directory", async () => {
    await writeFile(join(local, "a.txt"), "hello");
    await mkdir(join(root, "uploads/a.txt"));
    await expect(putFiles(record, { local: join(local, "a.txt"), path: "uploads" }, ports, context)).rejects.toMatchObject({
      code: "data/path-refused",
    });
  });

  it.each([
    { path: "uploads/a.txt", to: ".", lands: "a.txt" },
    { path: "uploads/a.txt", to: "b.txt", lands: "b.txt" },
    { path: "uploads/a.txt", to: "there", lands: "there/a.txt" },
    { path: "uploads", to: "./", lands: "uploads/a.txt" },
    { path: "uploads", to: "there", lands: "there/a.txt" },
    { path: "uploads", to: "new/er", lands: "new/er/a.txt" },
  ])("gets $path to $to as $lands", async ({ path, to, lands }) => {
    await writeFile(join(root, "uploads/a.txt"), "hello");
    await mkdir(join(local, "there"));
    await getFiles(record, { path, local: `${local}/${to}` }, ports, context);
    expect(await readFile(join(local, lands), "utf8")).toBe("hello");
  });

  it("lists mounts and what is in them", async () => {
    expect((await listFiles(record, undefined, ports, context)).map((entry) => entry.name)).toEqual(["uploads", "var/cache"]);
    await fill(join(root, "uploads"));
    await symlink("/etc", join(root, "uploads/link"));
    const entries = await listFiles(record, "uploads", ports, context);
    expect(entries.map((entry) => `${entry.type} ${entry.name}`)).toEqual([
      'file -rf it\'s "quoted" $HOME;',
      "directory a",
      "file bytes",
      "directory empty",
      "file exactly",
      "link link",
    ]);
    expect(entries.find((entry) => entry.name === "bytes")).toMatchObject({ size: 76_800, mtime: old.getTime() / 1000 });
    await expect(listFiles(record, "uploads/nothing", ports, context)).rejects.toMatchObject({
      message: expect.stringContaining("is not there"),
    });
  });

  it("follows no symbolic link out of a mount", async () => {
    await writeFile(join(root, "config.php"), "password");
    await symlink("../config.php", join(root, "uploads/file"));
    await symlink("..", join(root, "uploads/up"));
    await writeFile(join(local, "evil"), "evil");
    for (const path of ["uploads/file", "uploads/up/config.php", "uploads/up"]) {
      await expect(getFiles(record, { path, local: join(local, "got") }, ports, context), path).rejects.toMatchObject({
        code: "data/path-refused",
      });
      await expect(putFiles(record, { local: join(local, "evil"), path }, ports, context), path).rejects.toMatchObject({
        code: "data/path-refused",
      });
    }
    const { leftOut } = await getFiles(record, { path: "uploads", local: join(local, "all") }, ports, context);
    expect(leftOut).toHaveLength(2);
    expect(await readdir(join(local, "all"))).toEqual([]);
    expect(await readFile(join(root, "config.php"), "utf8")).toBe("password");
  });

  it("sends no link of this machine, and says so", async () => {
    await mkdir(join(local, "tree"));
    await symlink("/etc/passwd", join(local, "tree/link"));
    const { leftOut } = await putFiles(record, { local: join(local, "tree"), path: "uploads/t" }, ports, context);
    expect(leftOut).toEqual([join(local, "tree/link")]);
    await expect(putFiles(record, { local: join(local, "nothing"), path: "uploads/t" }, ports, context)).rejects.toMatchObject({
      code: "usage/invalid",
    });
  });

  it.each([
    { name: "../evil", type: "file" },
    { name: "/evil", type: "file" },
    { name: "a/../../evil", type: "file" },
    { name: "a//b", type: "file" },
    { name: "link", type: "symlink", linkname: "/etc" },
    { name: "hard", type: "link", linkname: "../config.php" },
    { name: "pipe", type: "fifo" },
    { name: "device", type: "character-device" },
  ] as const)("takes no $type $name from an archive, on either side", async (header) => {
    await writeFile(join(root, "config.php"), "password");
    const archive = pack();
    archive.entry({ name: "./", type: "directory" });
    if (header.type === "file") archive.entry(header, "evil");
    else archive.entry(header);
    archive.finalize();
    const bytes = await buffer(archive);
    await expect(receiveTree(Readable.from([bytes]), join(local, "got"), () => {})).rejects.toMatchObject({ code: "data/path-refused" });
    const argv = ["php", "exchange.php", "unpack", JSON.stringify([join(root, "uploads")]), join(root, "uploads/t")];
    const errors = new PassThrough();
    const code = await attachProcess([argv[0] ?? "", program, ...argv.slice(2)], {
      stdin: Readable.from([bytes]),
      stdout: "inherit",
      stderr: errors,
      signal: context.signal,
    });
    expect(code).toBe(77);
    expect((await readdir(root)).sort()).toEqual(["config.php", "uploads", "var"]);
    expect(await readdir(local)).toEqual(["got"]);
    expect(await readdir(join(root, "uploads/t"))).toEqual([]);
  });

  it("leaves whole files only when a transfer breaks off", async () => {
    const archive = pack();
    archive.entry({ name: "./", type: "directory" });
    archive.entry({ name: "whole" }, "whole");
    archive.entry({ name: "cut" }, "x".repeat(5000));
    archive.finalize();
    const bytes = (await buffer(archive)).subarray(0, 4000);
    const code = await attachProcess(["php", program, "unpack", JSON.stringify([join(root, "uploads")]), join(root, "uploads")], {
      stdin: Readable.from([bytes]),
      stdout: "inherit",
      stderr: new PassThrough(),
      signal: context.signal,
    });
    expect(code).toBe(74);
    expect(await readdir(join(root, "uploads"))).toEqual(["whole"]);
    await expect(receiveTree(Readable.from([bytes]), join(local, "got"), () => {})).rejects.toThrow();
    expect(await readdir(join(local, "got"))).toEqual(["whole"]);
  });

  it("writes through no link that is on this machine", async () => {
    await mkdir(join(root, "uploads/a"));
    await writeFile(join(root, "uploads/a/b"), "new");
    await mkdir(join(local, "got"));
    await mkdir(join(local, "elsewhere"));
    await symlink(join(local, "elsewhere"), join(local, "got/a"));
    await expect(getFiles(record, { path: "uploads", local: join(local, "got") }, ports, context)).rejects.toMatchObject({
      code: "data/path-refused",
    });
    expect(await readdir(join(local, "elsewhere"))).toEqual([]);
  });

  it("carries files of many gigabytes in the header", { timeout: 600_000 }, async () => {
    await writeFile(join(root, "uploads/sparse"), "");
    await truncate(join(root, "uploads/sparse"), 300 * 1024 * 1024);
    const { bytes } = await getFiles(record, { path: "uploads/sparse", local: join(local, "sparse") }, ports, context);
    expect(bytes).toBe(300 * 1024 * 1024);
  });
});

const program = new URL("../../entrypoint/php/exchange.php", import.meta.url).pathname;

/** Runs the program of the container on this machine's PHP, with `/srv/web` at `root`. */
function engineAt(root: string): Engine {
  const mapped = (text: string): string => text.replaceAll("/srv/web", root);
  const exec = async (_target: unknown, request: ExecRequest, during: EngineContext): Promise<number> => {
    const argv = request.argv.map((word) => (word === "/usr/lib/howdah/exchange.php" ? program : mapped(word)));
    return await attachProcess(argv, {
      stdin: request.stdin ?? "none",
      stdout: request.stdout ?? "inherit",
      stderr: request.stderr ?? "inherit",
      signal: during.signal,
    });
  };
  return { exec } as unknown as Engine;
}

/** Paths and content below a directory. */
async function tree(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    found[path.slice(directory.length)] = entry.isFile() ? (await readFile(path)).toString("hex") : "directory";
  }
  return found;
}
