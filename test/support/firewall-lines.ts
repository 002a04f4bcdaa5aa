import { namesOf } from "../../src/engine/podman/names.ts";
import { run } from "../../src/providers/process.ts";

const PROGRAMS = ["iptables", "ip6tables"] as const;

/** The chains and rules of an instance in the machine's firewall, each beginning with the instance's name as things in podman do. */
export async function firewallLines(instance: string): Promise<string[]> {
  const found = await Promise.all(PROGRAMS.map((program) => linesOf(program, instance)));
  return found.flat().map((line) => `${instance}. ${line}`);
}

async function linesOf(program: (typeof PROGRAMS)[number], instance: string): Promise<string[]> {
  const { forward, input } = namesOf(instance).chains;
  const { stdout } = await run([`${program}-save`, "-t", "mangle"], { accept: "any" });
  return stdout
    .split("\n")
    .filter((line) => [forward, input].some((chain) => line.includes(`:${chain} `) || line.split(" ").includes(chain)));
}

/** Takes away what a killed test left of its instance in the firewall. */
export async function removeFirewall(instance: string): Promise<void> {
  for (const program of PROGRAMS) {
    const lines = await linesOf(program, instance);
    if (lines.length === 0) continue;
    const { forward, input } = namesOf(instance).chains;
    const jumps = lines.filter((line) => /^-A (FORWARD|INPUT) /.test(line)).map((line) => line.replace("-A", "-D"));
    const chains = [forward, input].filter((chain) => lines.some((line) => line.startsWith(`:${chain} `)));
    const gone = [...jumps, ...chains.map((chain) => `-F ${chain}`), ...chains.map((chain) => `-X ${chain}`)];
    await run([`${program}-restore`, "--noflush", "--wait", "10"], { input: ["*mangle", ...gone, "COMMIT", ""].join("\n") });
  }
}
