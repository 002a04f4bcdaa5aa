import { mkdir, readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import type { Listed } from "../../src/workflows/tenant/tenant-list.ts";
import type { TenantUsage } from "../../src/workflows/tenant/tenant-usage.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import type { TenantStep } from "./draw-tenants.ts";

const PARTS = 4;
const PORT = 18_486;

/** A small PHP site with a database, or a static one. */
export type TenantKind = "php" | "static";

const FILES: Readonly<Record<TenantKind, Readonly<Record<string, string>>>> = {
  static: { "index.html": "<!doctype html><title>Static</title><p>Some words.</p>", "howdah.yaml": siteFile("  web: {root: .}\n") },
  php: {
    "public/index.php": `<?php
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'));
echo getenv('HOWDAH_SITE'), ' ', $db->server_info;
`,
    "howdah.yaml": siteFile('  runtime: {php: "8.4"}\n  web: {root: public}\n  database: {}\n'),
  },
};

function siteFile(spec: string): string {
  return `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: shop}\nspec:\n${spec}`;
}

/**
 * How much a tenant with one site costs, and whether the next costs as much as the first: so many from lists, in four parts. Images, the way in and
 * the database server are made before, by a tenant that does not count.
 */
export async function tenantCosts(count: number, kind: TenantKind, say: (line: string) => void): Promise<readonly TenantStep[]> {
  const machine = await howdahMachine("bench-tenants", PORT);
  try {
    const code = join(machine.directory, "shop");
    await mkdir(join(code, "public"), { recursive: true });
    for (const [name, text] of Object.entries(FILES[kind])) await writeFile(join(code, name), text);
    await machine.ok("tenant", "create", "first", "--site", code);
    const before = await freeMb();
    const steps: TenantStep[] = [];
    for (let part = 1; part <= PARTS; part += 1) {
      const [from, until] = [Math.round((count * (part - 1)) / PARTS), Math.round((count * part) / PARTS)];
      const step = await onePart({ machine, code, from, until }, before);
      steps.push(step);
      say(JSON.stringify(step));
    }
    return steps;
  } finally {
    await removeAll(machine);
  }
}

async function onePart(
  { machine, code, from, until }: { readonly machine: HowdahMachine; readonly code: string; readonly from: number; readonly until: number },
  before: number,
): Promise<TenantStep> {
  const names = Array.from({ length: until - from }, (_, index) => `t${String(from + index + 1).padStart(4, "0")}`);
  const list = join(machine.directory, `list-${String(until)}.txt`);
  await writeFile(list, names.map((name) => `${name} small ${code}\n`).join(""));
  const listed = JSON.parse((await machine.ok("tenant", "create", "--from", list, "--output", "json")).stdout) as Listed[];
  const used = JSON.parse((await machine.ok("usage", "--output", "json")).stdout) as TenantUsage[];
  return {
    sites: until,
    seconds: median(listed.map(({ seconds }) => seconds)),
    podsMb: round(used.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) / 1024 ** 2 / used.length),
    machineMb: round((before - (await freeMb())) / until),
    load: round(loadavg()[0] ?? 0),
  };
}

async function removeAll(machine: HowdahMachine): Promise<void> {
  const tenants = JSON.parse((await machine.howdah("tenant", "ls", "--output", "json")).stdout || "[]") as { readonly name: string }[];
  for (const { name } of tenants) await machine.howdah("tenant", "delete", name, "--no-export", "--yes");
  const { stdout } = await machine.howdah("status", "--output", "json");
  const { retained } = JSON.parse(stdout || '{"retained":[]}') as { readonly retained: readonly { readonly name: string }[] };
  for (const { name } of retained) await machine.howdah("destroy", name, "--purge", "--yes");
  await machine.remove();
}

async function freeMb(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8");
  return Number(/^MemAvailable: +(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
