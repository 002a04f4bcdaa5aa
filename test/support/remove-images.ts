import { run } from "../../src/providers/process.ts";

/**
 * Takes away the images of a test's instance: those of sites, which nobody builds again, or all. Bases stay otherwise, as the next instance
 * takes them over. podman computes the size of every image that it lists, 7 ms each, so what tests leave makes all of them slower. It fails to
 * list images while another process removes one, so it is asked again; what it can't remove stays, as an image that is left behind is no
 * failure of what was tested.
 */
export async function removeImages(instance: string, which: "all" | "sites"): Promise<void> {
  const prefix = `localhost/howdah/${instance}/${which === "sites" ? "site-" : ""}`;
  const argv = ["podman", "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", `reference=${prefix}*`];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const listed = await run(argv, { accept: "any" });
    if (listed.code !== 0) continue;
    const names = listed.stdout.split("\n").filter((line) => line.startsWith(prefix));
    if (names.length > 0) await run(["podman", "rmi", "--", ...names], { accept: "any" });
    return;
  }
}

const ATTEMPTS = 5;
