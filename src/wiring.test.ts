import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wirePorts } from "./wiring.ts";

let state: string;
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "howdah-wiring-"));
});
afterAll(async () => {
  await rm(state, { recursive: true });
});

const settings = async (environment: NodeJS.ProcessEnv) =>
  (await wirePorts({ environment: { HOWDAH_STATE_DIR: state, ...environment }, entrypointDirectory: "", self: [] })).settings;

describe("the environment's settings", () => {
  it("are taken, and an empty variable is none", async () => {
    expect(await settings({ HOWDAH_HTTP_PORT: "8090", HOWDAH_HTTPS_PORT: "", HOWDAH_RETENTION_DAYS: "0" })).toMatchObject({
      httpPort: 8090,
      httpsPort: 8443,
      retentionDays: 0,
    });
  });

  it.each([
    ["HOWDAH_HTTP_PORT", "abc"],
    ["HOWDAH_HTTP_PORT", "0"],
    ["HOWDAH_HTTP_PORT", "65536"],
    ["HOWDAH_HTTP_PORT", "8080.5"],
    ["HOWDAH_HTTPS_PORT", " 8443"],
    ["HOWDAH_RETENTION_DAYS", "abc"],
    ["HOWDAH_RETENTION_DAYS", "-1"],
    ["HOWDAH_RETENTION_DAYS", "1e3"],
    ["HOWDAH_RETENTION_DAYS", "99999999"],
    ["HOWDAH_INSTANCE", "howdah.dev"],
    ["HOWDAH_INSTANCE", "A"],
  ])("are refused when %s is %j, by its name", async (name, value) => {
    await expect(settings({ [name]: value })).rejects.toMatchObject({ code: "usage/invalid", message: expect.stringContaining(name) });
  });
});
