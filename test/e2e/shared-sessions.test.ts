import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const PORT = 18_847;
const skip = await whyNoMachine();

/** Counts the visits of a session, and says which pod answered. */
const page = '<?php session_start(); $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; echo $_SESSION["n"], " ", gethostname();';
const file = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: logins}
spec:
  runtime: {php: "8.4"}
  web: {microcache: false}
  mounts: {files: {}}
  scale: {replicas: 2}
`;

describe.skipIf(skip !== undefined)(`sessions of a site with several pods${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: string;

  beforeAll(async () => {
    machine = await howdahMachine("logins", PORT);
    site = join(machine.directory, "logins");
    await mkdir(site);
    await writeFile(join(site, "howdah.yaml"), file);
    await writeFile(join(site, "index.php"), page);
    await machine.ok("up", site);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  const cookieOf = async (): Promise<string> => {
    const { headers } = await machine.get("logins.localhost", "/");
    return (headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? "";
  };
  const visit = async (cookie: string): Promise<readonly [visits: number, pod: string]> => {
    const { body } = await machine.get("logins.localhost", "/", { headers: { cookie } });
    const [visits = "", ...pod] = body.trim().split(" ");
    return [Number(visits), pod.join(" ")];
  };

  it("are the same in each pod, and outlive a release", async () => {
    const cookie = await cookieOf();
    const seen: (readonly [number, string])[] = [];
    for (let visits = 2; visits < 14; visits += 1) seen.push(await visit(cookie));
    expect(seen.map(([visits]) => visits)).toEqual(Array.from({ length: 12 }, (_, index) => index + 2));
    expect(new Set(seen.map(([, pod]) => pod)).size).toBe(2);
    await writeFile(join(site, "index.php"), page.replace("gethostname()", '"the next release"'));
    await machine.ok("deploy", site);
    expect(await visit(cookie)).toEqual([14, "the next release"]);
  });
});
