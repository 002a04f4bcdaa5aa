import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { faultSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const PORT = 18_698;
const skip = await whyNoMachine();

describe.skipIf(skip !== undefined)(`a volume that somebody removed${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite;
  const page = "release one, installs 1, built one";

  beforeAll(async () => {
    machine = await howdahMachine("lost", PORT);
    site = await faultSite(machine, "robbed");
    await machine.ok("up", site.directory);
    expect(await site.page()).toBe(page);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  const volumes = async (namespace: string): Promise<string[]> => {
    const { stdout } = await run(["podman", "volume", "ls", "--format", "{{.Name}}"]);
    return stdout.split("\n").filter((name) => name.startsWith(`t-lost.${namespace}.`));
  };
  const rob = async (namespace: string): Promise<string> => {
    await machine.howdah("agent", "--stop"); // it may have been stopped before
    const [volume = ""] = await volumes(namespace);
    await run(["podman", "volume", "rm", "--force", volume]); // takes the containers along that have it
    return volume;
  };
  const startEmpty = async (): Promise<void> => {
    await machine.ok("destroy", "robbed", "--yes");
    await machine.ok("destroy", "robbed", "--purge", "--yes");
    await machine.ok("up", site.directory);
    expect(await site.page()).toBe(page);
  };

  it.each(["howdah-system", "robbed"])(
    "of %s: up names it and makes no empty one; after destroy --purge it starts empty",
    async (namespace) => {
      const volume = await rob(namespace);
      const said = await machine.howdah("up", site.directory, "--output", "json");
      const { error } = JSON.parse(said.stdout) as { error: { code: string; message: string; hint: string } };
      expect({ exit: said.code, code: error.code }).toEqual({ exit: 74, code: "data/volume-missing" });
      expect(error.message).toContain(volume);
      expect(error.hint).toMatch(/backup[\s\S]*--purge/);
      expect(await volumes(namespace)).not.toContain(volume);
      await startEmpty();
    },
  );

  it("put back from a backup by its name serves as before", async () => {
    const [volume = ""] = await volumes("howdah-system");
    await machine.ok("agent", "--stop");
    await machine.ok("down", "robbed");
    const backup = `${machine.directory}/backup.tar`;
    const server = (await run(["podman", "ps", "--quiet", "--filter", `volume=${volume}`])).stdout.trim();
    await run(["podman", "stop", server]);
    await run(["podman", "volume", "export", "--output", backup, volume]);
    await rob("howdah-system");
    expect((await machine.howdah("up", site.directory)).code).toBe(74);
    await run(["podman", "volume", "create", volume]);
    await run(["podman", "volume", "import", volume, backup]);
    await machine.ok("up", site.directory);
    expect(await site.page()).toBe(page);
  });
});
