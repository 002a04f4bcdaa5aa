import { run } from "../../src/providers/process.ts";

/**
 * Takes away the images that a test's instance has named. podman fails to list images while another process removes one, so it is asked again;
 * what it can't remove then stays, as an image that is left behind is no failure of what was tested.
 */
export async function removeImages(instance: string): Promise<void> {
  const argv = ["podman", "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", `reference=localhost/howdah/${instance}/*`];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const listed = await run(argv, { accept: "any" });
    if (listed.code !== 0) continue;
    const names = listed.stdout.split("\n").filter((line) => line.startsWith(`localhost/howdah/${instance}/`));
    for (const name of names) await run(["podman", "rmi", "--", name], { accept: "any" });
    return;
  }
}

const ATTEMPTS = 5;
