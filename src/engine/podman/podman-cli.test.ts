import { describe, expect, it } from "vitest";
import type { ProcessResult } from "../process-port.ts";
import { podmanCli } from "./podman-cli.ts";

const ended = (code: number, stdout = "", ...lastLines: readonly string[]): ProcessResult => ({
  code,
  stdout,
  stderr: lastLines.join("\n"),
  lastLines,
});
const GONE = ended(125, "", "Error: no volume with name t-lost.robbed.uploads found in database: no such volume");

function answering(...answers: readonly ProcessResult[]) {
  const asked: string[] = [];
  const podman = podmanCli((argv) => {
    asked.push(argv.join(" "));
    return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? ended(0));
  });
  return { podman, asked };
}

describe("a list of podman", () => {
  it("is asked for again when somebody took away what podman was about to list", async () => {
    const { podman, asked } = answering(GONE, GONE, ended(0, "[]"));
    expect(await podman.run(["volume", "ls", "--format", "json"])).toMatchObject({ stdout: "[]" });
    expect(asked).toHaveLength(3);
  });

  it("fails where that goes on, and at once for any other reason", async () => {
    const endless = answering(GONE);
    await expect(endless.podman.run(["volume", "ls"])).rejects.toMatchObject({ code: "machine/tool-failed" });
    expect(endless.asked.length).toBeLessThan(12);
    const broken = answering(ended(125, "", "Error: a graph that is damaged"));
    await expect(broken.podman.run(["volume", "ls"])).rejects.toMatchObject({ code: "machine/tool-failed" });
    expect(broken.asked).toHaveLength(1);
  });

  it("is nothing else: what is asked of one thing that is gone is answered at once", async () => {
    const { podman, asked } = answering(GONE);
    await expect(podman.run(["volume", "inspect", "v"])).rejects.toMatchObject({ code: "machine/tool-failed" });
    expect(asked).toHaveLength(1);
  });
});
