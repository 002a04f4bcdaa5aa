import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { steadyLoad } from "../support/steady-load.ts";
import { stopAtEvent } from "../support/stop-at-event.ts";

const PORT = 18_806;
const skip = await whyNoMachine();

describe.skipIf(skip !== undefined)(`rotating secrets${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite;

  beforeAll(async () => {
    machine = await howdahMachine("rota", PORT);
    site = await faultSite(machine, "safe");
    const file = join(site.directory, "howdah.yaml");
    await writeFile(file, `${await readFile(file, "utf8")}  variables:\n    SALT: {generate: {bytes: 20}}\n`);
    await writeFile(join(site.directory, "public/salt.php"), "<?php echo sha1(getenv('SALT'));");
    const login =
      "mysqli_report(0); $m = @new mysqli(getenv('DB_HOST'), getenv('DB_USER'), file_get_contents('php://input'), getenv('DB_NAME'));";
    await writeFile(join(site.directory, "public/login.php"), `<?php ${login} echo $m->connect_errno ? 'refused' : 'welcome';`);
    await writeFile(join(site.directory, "behave.json"), '{"release":"one"}');
    await machine.ok("up", site.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  const kept = async (): Promise<Readonly<Record<string, string>>> =>
    JSON.parse(await readFile(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "secrets/safe/database.json"), "utf8")) as Record<
      string,
      string
    >;
  const login = async (password: string): Promise<string> =>
    (await machine.get("safe.localhost", "/login.php", { method: "POST", body: password })).body;
  const page = "release one, installs 1, built one";
  const wrong = (status: number, body: string): string | undefined =>
    status === 200 && body.trim() === page ? undefined : `${String(status)} ${body}`;
  const load = () =>
    steadyLoad(PORT, "safe.localhost", [
      { path: "/", wrong },
      { path: "/?2", wrong },
    ]);

  it("gives the database another password without a failed request, and withdraws the former", async () => {
    const former = (await kept())["password"] ?? "";
    expect(await login(former)).toBe("welcome");
    const steady = load();
    await machine.ok("secret", "rotate", "safe", "database");
    const { good, wrong: failed } = await steady.stop();
    expect(failed).toEqual([]);
    expect(good).toBeGreaterThan(20);
    const now = await kept();
    expect(Object.keys(now).sort()).toEqual(["password", "uid"]);
    expect([now["password"] === former, await login(former), await login(now["password"] ?? "")]).toEqual([false, "refused", "welcome"]);
  });

  it("killed at any step, both are valid, and the next call finishes with the same new one", async () => {
    const former = (await kept())["password"] ?? "";
    const steady = load();
    let next = "";
    for (const id of ["rotate", "apply/Deployment/web", "withdraw"]) {
      expect(await stopAtEvent(machine, "SIGKILL", { containing: `"id":"${id}"` }, "secret", "rotate", "safe", "database")).toBe(true);
      const now = await kept();
      if (now["former-password"] !== undefined) {
        next = next === "" ? (now["password"] ?? "") : next;
        expect([now["former-password"], now["password"]]).toEqual([former, next]);
      }
    }
    await machine.ok("secret", "rotate", "safe", "database");
    expect((await steady.stop()).wrong).toEqual([]);
    expect([(await kept())["password"], await login(former), await login(next)]).toEqual([next, "refused", "welcome"]);
  });

  it("rolls to another value of a generated variable only when somebody agrees", async () => {
    const before = (await machine.get("safe.localhost", "/salt.php")).body;
    expect((await machine.howdah("secret", "rotate", "safe", "SALT")).code).toBe(64);
    await machine.ok("secret", "rotate", "safe", "SALT", "--yes");
    expect((await machine.get("safe.localhost", "/salt.php")).body).not.toBe(before);
    const unknown = await machine.howdah("secret", "rotate", "safe", "NOPE", "--yes");
    expect(unknown.stderr).toContain("It made: database, SALT");
  });
});
