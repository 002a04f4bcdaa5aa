import { describe, expect, it } from "vitest";
import type { Ran, run } from "../process.ts";
import { inspectImages } from "./storage.ts";

const ran = (names: readonly string[], stderr = ""): Ran => ({
  code: stderr === "" ? 0 : 125,
  stdout: JSON.stringify(names.map((name) => ({ Id: `id-${name}`, RepoTags: [`localhost/${name}`] }))),
  stderr,
  lastLines: stderr.split("\n"),
});

/** podman 4.3's words about images that it has not. */
const unknown = (...names: readonly string[]): string =>
  names.map((name, at) => `${at === 0 ? "Error: " : "error "}inspecting object: localhost/${name}: image not known\n`).join("");

/** Gives these answers, the last one again and again; tells what was asked. */
function podman(...answers: readonly Ran[]) {
  const asked: string[] = [];
  const program: typeof run = (argv) => {
    asked.push(argv.slice(4).join(" "));
    return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? ran([]));
  };
  return { asked, program };
}

const inspect = async (references: readonly string[], program: typeof run): Promise<readonly string[]> => [
  ...(await inspectImages(references, undefined, program)).keys(),
];
const both = ["localhost/a", "localhost/b"];

describe("reading images", () => {
  it("takes podman's word for those that it names as unknown, in one process", async () => {
    const { asked, program } = podman(ran(["b"], unknown("a")));
    expect([await inspect(both, program), asked.length]).toEqual([["localhost/b"], 1]);
  });

  it("asks again when an image that nobody asked for was removed meanwhile: that says nothing of ours", async () => {
    const other = ran([], `Error: ${"c".repeat(64)}: image not known\n`);
    const { asked, program } = podman(other, ran(["a"]), other, ran(["b"]));
    expect(await inspect(both, program)).toEqual(both);
    expect(asked).toEqual(["localhost/a localhost/b", "localhost/a", "localhost/b", "localhost/b"]);
  });

  it("takes an image of which a layer is gone for one that is not there, and the others as they are", async () => {
    const broken = ran([], "Error: layer not known\n");
    const { program } = podman(broken, broken, broken, broken, broken, ran(["b"]));
    expect(await inspect(both, program)).toEqual(["localhost/b"]);
  });

  it.each(["Error: database is locked\n", "killed\n", "Error: 1234: image not known\n"])(
    "fails when podman can't tell: %s",
    async (words) => {
      await expect(inspect(both, podman(ran([], words)).program)).rejects.toMatchObject({ code: "image/build-failed" });
    },
  );

  it("finds an image by a short name, which is not among its names", async () => {
    const { program } = podman(ran(["a", "b"]), ran(["b"]));
    expect(await inspect(["localhost/a", "b"], program)).toEqual(["localhost/a", "b"]);
  });
});
