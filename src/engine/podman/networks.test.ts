import { expect, it } from "vitest";
import { leaveNetwork } from "./networks.ts";
import { podmanCli } from "./podman-cli.ts";

const DEAD = "Error: netavark: IO error: aardvark pid not found";

/** Podman that answers each `network disconnect` in turn (empty: well), and lists these networks of the container. */
async function left(answers: readonly string[], networks: readonly string[]): Promise<{ readonly calls: number; readonly failed: string }> {
  let calls = 0;
  const podman = podmanCli(async (argv) => {
    const said = argv[1] === "network" ? (answers[calls++] ?? "") : "";
    const stdout = argv[1] === "container" ? JSON.stringify(Object.fromEntries(networks.map((name) => [name, {}]))) : "";
    return { code: said === "" ? 0 : 125, stdout, stderr: said, lastLines: [said] };
  });
  const failed = await leaveNetwork(podman, "shop", "blog-web-1").then(
    () => "",
    (error: Error) => error.message,
  );
  return { calls, failed };
}

it.each<{ name: string; answers: string[]; networks: string[]; calls: number; failed?: string }>([
  { name: "at once", answers: [""], networks: [], calls: 1 },
  { name: "though the name server has died, when podman has written it down", answers: [DEAD], networks: ["blog"], calls: 1 },
  { name: "by a second call, when it has not", answers: [DEAD, ""], networks: ["blog", "shop"], calls: 2 },
  {
    name: "not, when that fails as well",
    answers: [DEAD, DEAD],
    networks: ["blog", "shop"],
    calls: 2,
    failed: "podman network disconnect ended with exit code 125",
  },
  {
    name: "not, for another reason twice",
    answers: ["Error: busy", "Error: busy"],
    networks: ["blog"],
    calls: 2,
    failed: "podman network disconnect ended with exit code 125",
  },
])("a pod leaves a network $name", async ({ answers, networks, calls, failed = "" }) => {
  expect(await left(answers, networks)).toEqual({ calls, failed });
});

it("books that podman left half written are written anew", async () => {
  const calls: string[] = [];
  let reloaded = false;
  const podman = podmanCli(async (argv) => {
    calls.push(argv.slice(1, 3).join(" "));
    if (argv[2] === "reload") reloaded = true;
    const said =
      argv[2] === "disconnect" ? DEAD : argv[1] === "container" && !reloaded ? "Error: network inspection mismatch: asked to join 1" : "";
    return { code: said === "" ? 0 : 125, stdout: argv[1] === "container" ? '{"blog":{}}' : "", stderr: said, lastLines: [said] };
  });
  await leaveNetwork(podman, "shop", "blog-web-1");
  expect(calls).toEqual(["network disconnect", "container inspect", "network reload", "container inspect"]);
});
