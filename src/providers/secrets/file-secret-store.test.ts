import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { fileSecretStore } from "./file-secret-store.ts";

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "howdah-secrets-"));
});
afterEach(async () => {
  await rm(state, { recursive: true });
});

const store = () => fileSecretStore(state);
const reveal = async (name: string) =>
  Object.fromEntries(Object.entries((await store().get("blog", name)) ?? {}).map(([key, secret]) => [key, secret.reveal()]));

it("keeps other keys when one is set, and removes keys and secrets", async () => {
  await store().set("blog", "smtp", { user: new Secret("u", "test"), password: new Secret("p\n'\"", "test") });
  await store().set("blog", "smtp", { user: new Secret("v", "test") });
  expect(await reveal("smtp")).toEqual({ user: "v", password: "p\n'\"" });
  expect(await store().list("blog")).toEqual([{ name: "smtp", keys: ["password", "user"] }]);
  expect(await store().remove("blog", "smtp", "user")).toBe(true);
  expect(await store().remove("blog", "smtp", "user")).toBe(false);
  expect(await store().remove("blog", "smtp")).toBe(true);
  expect(await store().get("blog", "smtp")).toBeUndefined();
  expect(await store().list("blog")).toEqual([]);
});

it("lists nothing where nothing is", async () => {
  expect(await store().list("nobody")).toEqual([]);
});

it("writes files that only their owner reads, and leaves nothing beside them", async () => {
  await store().set("blog", "smtp", { a: new Secret("b", "test") });
  const directory = join(state, "secrets", "blog");
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await stat(join(directory, "smtp.json"))).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["smtp.json"]);
});

it("generates a value once", async () => {
  const wanted = { bytes: 32, encoding: "hex" } as const;
  const first = await store().getOrGenerate("blog", "app", "key", wanted);
  expect(first.reveal()).toHaveLength(64);
  expect((await store().getOrGenerate("blog", "app", "key", wanted)).reveal()).toBe(first.reveal());
  expect(inspect(first)).not.toContain(first.reveal());
});

it("gives many callers at once the same value, and loses no key", async () => {
  const wanted = { bytes: 16, encoding: "hex" } as const;
  const keys = Array.from({ length: 40 }, (_, index) => `key${index % 4}`);
  const values = await Promise.all(keys.map((key) => store().getOrGenerate("blog", "app", key, wanted)));
  expect(new Set(values.map((value) => value.reveal())).size).toBe(4);
  expect(Object.keys(await reveal("app")).sort()).toEqual(["key0", "key1", "key2", "key3"]);
});

it("gives several processes the same value", async () => {
  const program = `import { fileSecretStore } from ${JSON.stringify(new URL("file-secret-store.ts", import.meta.url).pathname)};
    const secret = await fileSecretStore(${JSON.stringify(state)}).getOrGenerate("blog", "app", "key", { bytes: 16, encoding: "hex" });
    process.stdout.write(secret.reveal());`;
  const values = await Promise.all(Array.from({ length: 4 }, () => outputOf(process.execPath, ["--input-type=module", "-e", program])));
  expect(new Set(values).size).toBe(1);
  expect(values[0]).toMatch(/^[0-9a-f]{32}$/);
});

it("succeeds a holder that died", async () => {
  await store().set("blog", "app", { a: new Secret("b", "test") });
  await writeFile(join(state, "secrets", "blog", ".lock"), "999999999 1 dead");
  await store().set("blog", "app", { c: new Secret("d", "test") });
  expect(await reveal("app")).toEqual({ a: "b", c: "d" });
});

it("names a damaged file, without its content", async () => {
  await store().set("blog", "app", { a: new Secret("hunter2", "test") });
  const path = join(state, "secrets", "blog", "app.json");
  await writeFile(path, (await readFile(path, "utf8")).slice(0, -4));
  await expect(store().get("blog", "app")).rejects.toMatchObject({
    code: "machine/state-unreadable",
    message: expect.not.stringContaining("hunter2"),
  });
});

it("follows no symbolic link", async () => {
  await store().set("blog", "app", { a: new Secret("b", "test") });
  await chmod(join(state, "secrets", "blog"), 0o700);
  await symlink("/etc/passwd", join(state, "secrets", "blog", "evil.json"));
  await expect(store().get("blog", "evil")).rejects.toMatchObject({ code: "machine/state-unreadable" });
});

it.each(["../x", "", "A", "a/b", "a\0", ".", "..", "-a", "a\n"])("refuses %j as a name", async (name) => {
  await expect(async () => await store().get("blog", name)).rejects.toMatchObject({ code: "usage/invalid" });
  await expect(async () => await store().get(name, "app")).rejects.toMatchObject({ code: "usage/invalid" });
});

it("names a directory that can't be listed instead of taking it for empty", async () => {
  await mkdir(join(state, "secrets"), { recursive: true });
  await writeFile(join(state, "secrets", "odd"), "");
  expect(await store().list("nobody")).toEqual([]);
  await expect(store().list("odd")).rejects.toMatchObject({ code: "machine/state-unreadable" });
});

function outputOf(program: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.on("error", reject);
    child.on("close", () => resolve(text));
  });
}
