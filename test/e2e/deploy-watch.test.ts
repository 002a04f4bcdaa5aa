import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SiteStatus } from "../../src/workflows/status/site-status.ts";
import type { WatchEvent } from "../../src/workflows/watch/watch-event.ts";
import { staticSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, type Said, type Started, whyNoMachine } from "../support/howdah-machine.ts";
import { leftBehind } from "../support/left-behind.ts";
import { pageRequest, steadyLoad } from "../support/steady-load.ts";

const PORT = 18_830;
const HOST = "wapp.localhost";
const skip = await whyNoMachine();

/** What a watch said, one object a line. */
function eventsOf({ stdout }: Said): readonly WatchEvent[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as WatchEvent);
}

describe.skipIf(skip !== undefined)(`deploy --watch${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let code: string;
  let plain: TestSite & { write(text: string): Promise<void> };
  let watching: Started;

  const save = async (path: string, text: string): Promise<void> => {
    await mkdir(join(code, path, ".."), { recursive: true });
    await writeFile(join(code, path), text);
  };
  const script = (word: string): string => `<?php\nheader('Content-Type: text/plain');\necho ${JSON.stringify(word)};\n`;
  const site = (spec: string): string => `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: wapp}\nspec:\n${spec}`;
  const SPEC = '  runtime: {php: "8.2"}\n  web: {root: public}\n  mounts: {public/uploads: {}}\n';
  const body = async (path: string): Promise<string> => {
    const { status, body: text } = await machine.get(HOST, path);
    return status === 200 ? text.trim() : `status ${status}`;
  };
  /** Generous: a machine in CI does other things as well. */
  const shows = (path: string, wanted: string): Promise<void> =>
    expect.poll(() => body(path), { timeout: 180_000, interval: 25 }).toBe(wanted);
  const status = async (name: string): Promise<SiteStatus> =>
    JSON.parse((await machine.howdah("status", name, "--output", "json")).stdout) as SiteStatus;
  const releases = async (name: string): Promise<readonly string[]> => {
    const { stdout } = await machine.ok("releases", name, "--output", "json");
    return (JSON.parse(stdout) as { releases: { id: string }[] }).releases.map(({ id }) => id);
  };
  const watch = async (directory = code): Promise<Started> => {
    const started = machine.start("deploy", "--watch", directory, "--output", "json");
    if (!(await started.says('"event":"watching"'))) throw new Error(JSON.stringify(await started.done));
    return started;
  };
  const stop = async ({ pid, done }: Started): Promise<readonly WatchEvent[]> => {
    process.kill(pid, "SIGINT");
    const said = await done;
    expect({ code: said.code, stderr: said.code === 0 ? "" : said.stderr }).toEqual({ code: 0, stderr: "" });
    return eventsOf(said);
  };

  beforeAll(async () => {
    machine = await howdahMachine("watch", PORT);
    code = join(machine.directory, "wapp");
    await save("howdah.yaml", site(SPEC));
    await save(".howdahignore", "notes/\n");
    await save("public/index.php", script("released"));
    await save("public/style.css", "a{}");
    await save("lib/words.php", "<?php const WORD = 'one';\n");
    await save("public/words.php", "<?php require __DIR__ . '/../lib/words.php'; echo WORD;\n");
    await machine.ok("up", code);
    plain = await staticSite(machine, "wplain");
    await machine.ok("up", plain.directory);
    watching = await watch();
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  it("shows what is saved: PHP, what it includes, and files for browsers, which keep none without asking", async () => {
    await save("public/index.php", script("saved"));
    await shows("/", "saved");
    await save("lib/words.php", "<?php const WORD = 'two';\n");
    await shows("/words.php", "two");
    await save("public/style.css", "b{}");
    await shows("/style.css", "b{}");
    expect((await machine.get(HOST, "/style.css")).headers["cache-control"]).toBe("no-cache");
    // Again within the second that file times count in.
    await save("public/index.php", script("saved again"));
    await shows("/", "saved again");
  });

  it("shows what editors rename into place, what gets another name, and no longer what is deleted", async () => {
    await save("public/.index.php.tmp", script("renamed"));
    await rename(join(code, "public/.index.php.tmp"), join(code, "public/index.php"));
    await shows("/", "renamed");
    await save("public/more/page.php", script("more"));
    await shows("/more/page.php", "more");
    await rename(join(code, "public/more"), join(code, "public/other"));
    await shows("/other/page.php", "more");
    await shows("/more/page.php", "status 404");
    await rm(join(code, "public/other/page.php"));
    await shows("/other/page.php", "status 404");
  });

  it("takes five hundred files at once, and as many deletions", async () => {
    const names = Array.from({ length: 500 }, (_, index) => `public/many/${String(index % 9)}/${String(index)}.txt`);
    for (const name of names) await save(name, name);
    for (const index of [0, 250, 499]) await shows(`/many/${String(index % 9)}/${String(index)}.txt`, names[index] ?? "");
    await rm(join(code, "public/many"), { recursive: true });
    await shows("/many/4/499.txt", "status 404");
  });

  it("lets nothing in that no image has, and shows no source", async () => {
    await save(".env", "PASSWORD=secret");
    await save("notes/todo.txt", "secret");
    await save("public/backup-dump.sql", "secret");
    await save("public/lib.phps", script("secret"));
    await save("public/last.txt", "last");
    await shows("/last.txt", "last");
    const live = join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "live/wapp");
    const [session = ""] = await readdir(live);
    const found = await readdir(join(live, session), { recursive: true });
    expect(found.filter((name) => /\.env|notes|dump/.test(name))).toEqual([]);
    expect(await readFile(join(live, session, "web/public/index.php"), "utf8")).toBe("");
    expect((await machine.get(HOST, "/lib.phps")).status).toBe(403);
    expect((await machine.get(HOST, "/backup-dump.sql")).status).not.toBe(200);
  });

  it("says what PHP can't read, and shows it as soon as it is mended", async () => {
    await save("public/index.php", "<?php echo 'broken");
    await shows("/", "status 500");
    expect(await watching.says('"event":"syntax","path":"public/index.php"')).toBe(true);
    await save("public/index.php", script("mended"));
    await shows("/", "mended");
  });

  it("says in status that files show as they are saved, and refuses a second watch", async () => {
    expect((await status("wapp")).watch).toMatchObject({ source: code, alive: true, release: "r1" });
    const { error } = JSON.parse((await machine.howdah("deploy", "--watch", code, "--output", "json")).stdout) as {
      error: { code: string };
    };
    expect(error.code).toBe("machine/busy");
  });

  it("takes the site file by itself, and goes on with the former one when it is wrong", async () => {
    await save("howdah.yaml", site(`${SPEC}  nonsense: true\n`));
    expect(await watching.says('"event":"refused","code":"site/invalid"')).toBe(true);
    await shows("/", "mended");
    await save("howdah.yaml", site(`${SPEC}  hostnames: [${HOST}, wother.localhost]\n`));
    await expect.poll(async () => (await machine.get("wother.localhost", "/")).body, { timeout: 180_000 }).toBe("mended");
    await save("public/index.php", script("after it"));
    await shows("/", "after it");
    await save("howdah.yaml", site(SPEC));
    expect(await watching.says('"event":"reloaded"')).toBe(true);
  });

  it("keeps data and files in place when a site file drops and adds mounts, and goes on with the former one when that fails", async () => {
    const data = "__DIR__ . '/uploads/data.txt'";
    await save("public/data.php", `<?php if (isset($_GET['put'])) file_put_contents(${data}, 'kept'); echo @file_get_contents(${data});`);
    await save("public/files/plain.txt", "a file of the tree");
    await shows("/data.php?put=1", "kept");
    await rm(join(code, "public/uploads"), { recursive: true, force: true });
    const mounts = (path: string): string => SPEC.replace("public/uploads", path);
    await save("howdah.yaml", site(mounts("public/files").replace("root: public", "root: public, healthPath: /nowhere.php")));
    expect(await watching.says('"event":"refused","code":"site/unhealthy"')).toBe(true);
    await shows("/data.php", "kept");
    await shows("/files/plain.txt", "a file of the tree");
    await save("howdah.yaml", site(SPEC.replace("{public/uploads: {}}", "{public/uploads: {}, public/files: {}}")));
    await save("public/style.css", "beside it{}");
    await shows("/files/plain.txt", "status 404");
    await shows("/style.css", "beside it{}");
    await shows("/data.php", "kept");
    await save("howdah.yaml", site(SPEC));
    await shows("/files/plain.txt", "a file of the tree");
    await shows("/data.php", "kept");
  });

  it("Ctrl-C goes back to the release without a failed request, and leaves nothing", async () => {
    const load = steadyLoad(PORT, HOST, [pageRequest("/style.css", "{}"), pageRequest("/words.php", "o")]);
    const events = await stop(watching);
    expect(events.at(-1)).toMatchObject({ event: "ended", by: "person", release: "r1" });
    const { good, wrong } = await load.stop();
    expect(wrong).toEqual([]);
    expect(good).toBeGreaterThan(5);
    expect(await body("/")).toBe("released");
    expect(await body("/style.css")).toBe("a{}");
    expect(await releases("wapp")).toEqual(["r1"]);
    expect((await status("wapp")).watch).toBeNull();
    const state = machine.environment["HOWDAH_STATE_DIR"] ?? "";
    expect(await readdir(join(state, "live"))).toEqual([]);
    expect(await leftBehind(machine, "wapp")).toEqual([]);
    const synced = events.flatMap((one) => (one.event === "synced" ? one.written : []));
    expect(synced).toEqual(expect.arrayContaining(["public/index.php", "public/style.css", "lib/words.php"]));
    expect(synced.filter((path) => /\.env|notes|dump|howdah/.test(path))).toEqual([]);
  });

  it("killed: its pods go on, status says the next step, and deploy makes a release of what is saved", async () => {
    const { pid, done } = await watch();
    await save("public/index.php", script("before the kill"));
    await shows("/", "before the kill");
    process.kill(pid, "SIGKILL");
    await done;
    await save("public/index.php", script("after the kill"));
    await sleep(300);
    expect(await body("/")).toBe("before the kill");
    expect((await status("wapp")).watch).toMatchObject({ alive: false });
    expect((await machine.howdah("status", "wapp")).stdout).toContain("howdah deploy wapp");
    await machine.ok("deploy", code);
    expect(await body("/")).toBe("after the kill");
    expect(await releases("wapp")).toEqual(["r2", "r1"]);
    expect((await status("wapp")).watch).toBeNull();
    expect(await leftBehind(machine, "wapp")).toEqual([]);
  });

  it("a deploy beside it makes a release and ends it", async () => {
    const { done } = await watch();
    await save("public/index.php", script("deployed"));
    await shows("/", "deployed");
    await machine.ok("deploy", code);
    expect(eventsOf(await done).at(-1)).toMatchObject({ event: "ended", by: "command" });
    expect(await body("/")).toBe("deployed");
    expect(await releases("wapp")).toEqual(["r3", "r2", "r1"]);
  });

  it("works with nginx and PHP scaled apart, and with static sites", async () => {
    await save("howdah.yaml", site(`${SPEC}  topology: apart\n`));
    const apart = await watch();
    await save("public/index.php", script("apart"));
    await shows("/", "apart");
    await save("public/style.css", "c{}");
    await shows("/style.css", "c{}");
    await stop(apart);
    const still = await watch(plain.directory);
    await plain.write("wplain saved");
    await expect.poll(() => plain.page(), { timeout: 180_000, interval: 25 }).toBe("wplain saved");
    await stop(still);
    expect(await plain.page()).toBe("wplain one");
  });

  it("refuses what it is not for, and says what is", async () => {
    const refused = async (...argv: readonly string[]): Promise<{ code: string; hint: string }> =>
      (JSON.parse((await machine.howdah(...argv, "--output", "json")).stdout) as { error: { code: string; hint: string } }).error;
    await save("howdah.yaml", site(SPEC.replace("  mounts: {public/uploads: {}}\n", "  code: writable\n")));
    const writable = await refused("deploy", "--watch", code);
    expect(writable.code).toBe("site/not-watchable");
    expect(writable.hint).toContain("howdah deploy wapp");
    expect((await refused("deploy", "--watch", "-m", "why", code)).code).toBe("usage/invalid");
    expect((await refused("deploy", "--watch", join(machine.directory, "nobody"))).code).toBe("site/unknown");
  });
});
