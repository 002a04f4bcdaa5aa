import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { faultSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();

interface Facts {
  readonly uid: number;
  readonly status: Readonly<Record<string, string>>;
  readonly writes: Readonly<Record<string, boolean>>;
}

describe.skipIf(skip !== undefined)(`what runs in a site's containers (G8)${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite;
  const get = (path: string) => machine.get("sealed.localhost", path);

  beforeAll(async () => {
    machine = await howdahMachine("seal", 18_620);
    site = await faultSite(machine, "sealed");
    await machine.ok("up", site.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  it("PHP has no capability, its own user, and may gain nothing", async () => {
    const facts = JSON.parse((await get("/privileges.php")).body) as Facts;
    expect(facts.uid).toBe(50_000);
    const none = "0000000000000000";
    expect(facts.status).toMatchObject({ CapEff: none, CapPrm: none, CapBnd: none, NoNewPrivs: "1", Seccomp: "2" });
  });

  it("nginx neither", async () => {
    // Those that serve: another one of the site compiles its code now, and ends.
    const filter = "name=^t-seal.sealed.web.*\\.(web|php)$";
    const { stdout: names } = await run(["podman", "ps", "--format", "{{.Names}} {{.Pid}}", "--filter", filter]);
    const containers = names
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    expect(containers.length).toBeGreaterThanOrEqual(2);
    for (const [name, pid] of containers) {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      expect({ name, status }).toMatchObject({
        status: expect.stringMatching(/Uid:\t50000\t50000[\s\S]*CapPrm:\t0{16}\nCapEff:\t0{16}\nCapBnd:\t0{16}[\s\S]*NoNewPrivs:\t1/),
      });
    }
  });

  it("code, configuration and system can't be changed in place, only mounts can", async () => {
    const { writes } = JSON.parse((await get("/privileges.php")).body) as Facts;
    const { [Object.keys(writes).find((path) => path === "uploads") ?? ""]: uploads, ...others } = writes;
    expect(uploads).toBe(true);
    expect(Object.keys(others)).toHaveLength(6);
    expect(Object.values(others)).toEqual(Object.values(others).map(() => false));
    for (const [container, path] of [
      ["php", "/srv/web/public/index.php"],
      ["php", "/usr/lib/howdah/entrypoint.php"],
      ["web", "/etc/howdah/nginx/nginx.conf"],
    ]) {
      const { stdout: name } = await run(["podman", "ps", "--format", "{{.Names}}", "--filter", `name=^t-seal.sealed.web.*${container}$`]);
      const { stdout: pid } = await run(["podman", "inspect", "--format", "{{.State.Pid}}", name.trim()]);
      // not even root may, through the container's own mounts
      await expect(appendFile(`/proc/${pid.trim()}/root${path}`, "x")).rejects.toMatchObject({ code: "EROFS" });
    }
  });

  it("what is uploaded is never run and never shown as source", async () => {
    const folder = join(machine.directory, "attack");
    await mkdir(join(folder, "pic.jpg"), { recursive: true });
    const source = "<?php echo 'exe' . 'cuted'; // the source\n";
    const names = ["x.php", "x.PHP", "x.phtml", "x.phar", "x.php5", "x.php.jpg", "pic.jpg/x.php", ".user.ini", ".htaccess", "x.pht"];
    for (const name of names) await writeFile(join(folder, name), source);
    await machine.ok("files", "put", "sealed", folder, "public/uploads/");
    const listed = await machine.ok("files", "ls", "sealed", "public/uploads/attack");
    expect(listed.stdout).toContain("x.php");
    const urls = names.flatMap((name) => [name, `${name}/`, `${name}/x.php`, `${name}%00.php`, `/${name}`, `${name}?x.php`, `${name}.`]);
    const wrong: string[] = [];
    for (const url of urls) {
      const { status, body } = await get(`/uploads/attack/${url}`);
      if (body.includes("executed") || (body.includes("the source") && !url.startsWith("x.php.jpg"))) wrong.push(`${url} ${status}`);
    }
    expect(wrong).toEqual([]);
    const { status } = await get("/uploads/attack/x.php");
    expect([403, 404]).toContain(status);
    expect((await get("/uploads/kept.txt")).body).toBe("kept"); // the mount itself is served
  });

  it("what nobody may read is not served", async () => {
    for (const path of [
      "/../behave.json",
      "/%2e%2e/behave.json",
      "/.git/config",
      "/index.php~",
      "/index.php.bak",
      "/howdah.yaml",
      "/howdah.lock",
    ]) {
      const { status, body } = await get(path);
      expect({ path, ok: [400, 403, 404].includes(status) }).toEqual({ path, ok: true });
      expect(body).not.toContain("<?php");
    }
  });
});
