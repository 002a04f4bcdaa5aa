import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { podmanCli } from "../../src/engine/podman/podman-cli.ts";
import { podmanService } from "../../src/engine/podman/podman-service.ts";
import { run } from "../../src/providers/process.ts";
import { systemClock } from "../../src/providers/system-clock.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();
const NAME = "t-podservice";
const LABEL = `howdah.dev/instance=${NAME}`;

describe.skipIf(skip !== undefined)(`podman's own service${skip === undefined ? "" : ` (${skip})`}`, () => {
  let directory: string;
  let commands: (readonly string[])[];
  let service: ReturnType<typeof podmanService>;
  const counting: typeof run = (argv, options) => {
    commands.push(argv);
    return run(argv, options);
  };
  const sweep = async (): Promise<void> => {
    await run(["podman", "pod", "rm", "--force", "--ignore", "--time=0", NAME], { accept: "any" });
    await run(["podman", "volume", "rm", "--force", NAME], { accept: "any" });
    await run(["podman", "network", "rm", "--force", NAME], { accept: "any" });
  };
  const processes = async (): Promise<readonly number[]> => {
    const found: number[] = [];
    for (const pid of await readdir("/proc")) {
      if (!/^\d+$/.test(pid)) continue;
      const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (words.startsWith("podman\0system\0service\0") && words.includes(directory)) found.push(Number(pid));
    }
    return found;
  };
  const processOf = async (): Promise<number | undefined> => (await processes())[0];

  beforeAll(async () => {
    await sweep();
    directory = await mkdtemp(join(tmpdir(), "howdah-podman-service-"));
    commands = [];
    service = podmanService(directory, systemClock, counting);
    await run(["podman", "network", "create", `--label=${LABEL}`, NAME]);
    await run(["podman", "volume", "create", NAME]);
    await run(["podman", "pod", "create", `--name=${NAME}`, `--network=${NAME}`, `--infra-name=${NAME}-infra`, `--label=${LABEL}`]);
    // What holds the pod's network only waits, which is all that is needed here.
    const { stdout: image } = await run(["podman", "container", "inspect", "--format", "{{.Image}}", `${NAME}-infra`]);
    await run(["podman", "create", `--name=${NAME}-main`, `--pod=${NAME}`, `--label=${LABEL}`, image.trim()]);
  });
  afterAll(async () => {
    service.close();
    await sweep();
    await rm(directory, { recursive: true, force: true });
  });

  it("answers what the command line answers, without a process for each question", async () => {
    const [ours, theirs] = [podmanCli(service.run), podmanCli(run)];
    await ours.run(["start", `${NAME}-infra`, `${NAME}-main`]);
    expect(await ours.list({ "howdah.dev/instance": NAME })).toEqual(await theirs.list({ "howdah.dev/instance": NAME }));
    expect(await ours.list({ "howdah.dev/instance": "nobody" })).toEqual([]);
    const names = [`${NAME}-infra`, `${NAME}-main`];
    const seen = await ours.inspect(names);
    expect(seen).toEqual(await theirs.inspect(names));
    expect(seen.map(({ status }) => status)).toEqual(["running", "running"]);
    for (const args of [
      ["network", "inspect", NAME],
      ["volume", "inspect", NAME],
      ["network", "ls", "--format", "json", "--filter", `label=${LABEL}`],
      ["container", "inspect", "--format", "{{json .NetworkSettings.Networks}}", `${NAME}-infra`],
    ]) {
      expect(JSON.parse((await ours.run(args)).stdout)).toEqual(JSON.parse((await theirs.run(args)).stdout));
    }
    const secrets = async (podman: typeof ours): Promise<string[]> => {
      const { stdout } = await podman.run(["secret", "ls", "--format", "{{.Name}}"]);
      return stdout.split("\n").filter((line) => line.includes(NAME));
    };
    expect(await secrets(ours)).toEqual(await secrets(theirs));
    expect(commands).toEqual([]);
  });

  it("leaves to the command line what it refuses, with its words and exit codes", async () => {
    const ours = podmanCli(service.run);
    expect(await ours.inspect([`${NAME}-main`, `${NAME}-nobody`])).toHaveLength(1);
    await expect(ours.run(["start", `${NAME}-nobody`])).rejects.toThrow(/podman start/);
    expect(commands.map(([, verb]) => verb)).toEqual(["container", "start"]);
  });

  it("is started again after it ended, once for all who ask, and is not needed at all", async () => {
    const before = await processOf();
    process.kill(before ?? 0, "SIGKILL");
    await sleep(200);
    const asked = [1, 2, 3, 4].map(() => podmanCli(service.run).list({ "howdah.dev/instance": NAME }));
    expect((await Promise.all(asked)).map((found) => found.length)).toEqual([2, 2, 2, 2]);
    expect(await processes()).toEqual([expect.any(Number)]);
    expect(await processOf()).not.toBe(before);
    const tooLong = podmanService(join(directory, "a".repeat(120)), systemClock, run); // no socket can have such a path
    expect(await podmanCli(tooLong.run).list({ "howdah.dev/instance": NAME })).toHaveLength(2);
    tooLong.close();
  });

  it("creates through it, and says in the program's words why it can't", async () => {
    commands.length = 0;
    const ours = podmanCli(service.run);
    const [{ image } = { image: "" }] = await ours.list({ "howdah.dev/instance": NAME });
    await ours.run(["create", `--name=${NAME}-second`, `--pod=${NAME}`, `--label=${LABEL}`, image]);
    expect(await ours.list({ "howdah.dev/instance": NAME })).toHaveLength(3);
    expect(commands.map(([, first]) => first)).toEqual(["--remote"]);
    const again = await ours.run(["create", `--name=${NAME}-second`, `--pod=${NAME}`, image], { accept: "any" });
    expect([again.code, again.stderr]).toEqual([125, expect.stringContaining("is already in use")]);
  });

  it("stops and removes pods, also such that are gone, and ends with its owner", async () => {
    commands.length = 0;
    const ours = podmanCli(service.run);
    await ours.run(["stop", "--ignore", `${NAME}-main`]);
    expect((await ours.inspect([`${NAME}-main`]))[0]?.status).toBe("exited");
    for (let twice = 0; twice < 2; twice++) {
      await ours.run(["pod", "stop", "--ignore", NAME]);
      await ours.run(["pod", "rm", "--force", "--ignore", "--time=0", NAME]);
    }
    expect(await ours.list({ "howdah.dev/instance": NAME })).toEqual([]);
    expect(commands).toEqual([]);
    service.close();
    await expect.poll(processOf, { timeout: 180_000 }).toBeUndefined();
  });
});
