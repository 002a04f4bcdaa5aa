import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { afterAll, describe, expect, it } from "vitest";
import { agentService } from "../../src/agent/agent-service.ts";
import { memoryEngine } from "../../src/engine/memory/memory-engine.ts";
import { agentParts } from "../support/engine/agent-parts.ts";

describe.skipIf(existsSync("/run/systemd/system"))("the agent on a machine without systemd", () => {
  const parts = agentParts("t-engine-agent");
  const agent = agentService(parts);
  const pid = async (): Promise<number> => Number(await readFile(`${parts.runDir}/agent.pid`, "utf8"));

  afterAll(async () => {
    await agent.stop();
    await rm(parts.stateDir, { recursive: true, force: true });
    await rm(parts.runDir, { recursive: true, force: true });
  });

  it("is started once", async () => {
    expect(await agent.status()).toEqual({ running: false, how: "process" });
    expect(await agent.ensureRunning()).toBe("started");
    expect(await agent.ensureRunning()).toBe("running");
    expect(await agent.status()).toEqual({ running: true, how: `process ${await pid()}` });
  });

  it("refuses a second one", async () => {
    const second = agent.serve({ engine: memoryEngine(), signal: AbortSignal.abort(), random: () => 0, log: () => {} });
    await expect(second).rejects.toMatchObject({ code: "machine/busy" });
  });

  it("is started again after kill -9", async () => {
    process.kill(await pid(), "SIGKILL");
    await expect.poll(async () => (await agent.status()).running, { timeout: 180_000 }).toBe(false);
    expect(await agent.ensureRunning()).toBe("started");
  });

  it("ends when it is told to", async () => {
    await agent.stop();
    expect((await agent.status()).running).toBe(false);
    expect(await readFile(`${parts.stateDir}/agent.log`, "utf8")).toContain('"msg":"agent stopped"');
  });
});
