import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CodePlatform, codePlatform, PLATFORM_TOKEN } from "../../../test/support/code-platform.ts";
import { Secret } from "../../kernel/secret.ts";
import type { CodeHost } from "./code-host.ts";
import { githubHost } from "./github-host.ts";
import { gitlabHost } from "./gitlab-host.ts";

const COMMIT = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";
const MARKER = "<!-- howdah:0123456789abcdef -->";
const { signal } = new AbortController();
const clock = { now: () => 0, sleep: () => Promise.resolve() };

let platform: CodePlatform;
beforeEach(async () => {
  platform = await codePlatform();
  platform.mergeRequest.commit = COMMIT;
});
afterEach(async () => {
  await platform.stop();
});

const kinds = {
  GitHub: (token: string): CodeHost =>
    githubHost({ platform: "github", project: "acme/shop", api: `${platform.web}/api/v3` }, new Secret(token, "test"), clock),
  GitLab: (token: string): CodeHost =>
    gitlabHost({ platform: "gitlab", project: "acme/web/shop", api: `${platform.web}/api/v4` }, new Secret(token, "test"), clock),
};

describe.each(Object.entries(kinds))("%s", (name, hostWith) => {
  const host = (): CodeHost => hostWith(PLATFORM_TOKEN);
  const write = (text: string, known: string | null): Promise<string> => host().comment(12, { known, marker: MARKER, text }, signal);

  it("says what a merge request is now", async () => {
    await host().check(signal);
    expect(await host().mergeRequest(12, signal)).toEqual({ number: 12, state: "open", commit: COMMIT, isFork: false });
    Object.assign(platform.mergeRequest, { state: "closed", isFork: true });
    expect(await host().mergeRequest(12, signal)).toEqual({ number: 12, state: "closed", commit: COMMIT, isFork: true });
    await expect(host().mergeRequest(13, signal)).rejects.toMatchObject({ code: "code-host/refused" });
  });

  it("has one comment, found again by who forgot its id, and made anew when a person deleted it", async () => {
    for (let id = 0; id < 3; id++) platform.comments.push({ id, body: `> ${MARKER}\n` });
    const id = await write("one", null);
    expect(await write("two", id)).toBe(id);
    expect(await write("three", null)).toBe(id);
    expect(platform.comments.slice(3)).toEqual([{ id: Number(id), body: `${MARKER}\nthree` }]);
    platform.comments.splice(3);
    await write("four", id);
    expect(platform.comments.slice(3).map(({ body }) => body)).toEqual([`${MARKER}\nfour`]);
  });

  it("is asked again when it does not answer", async () => {
    platform.statuses.push(502, 429);
    expect(await host().mergeRequest(12, signal)).toMatchObject({ commit: COMMIT });
    platform.statuses.push(500, 500, 500);
    await expect(host().mergeRequest(12, signal)).rejects.toMatchObject({ code: "code-host/unreachable" });
  });

  it("that answers something else is named, with what was expected, and is no bug of ours", async () => {
    platform.mergeRequest.commit = "no-commit";
    await expect(host().mergeRequest(12, signal)).rejects.toMatchObject({
      code: "code-host/refused",
      message: expect.stringMatching(
        new RegExp(`^${name} answers no (pull|merge) request in the shape of its API: (head\\.)?sha is not as expected$`),
      ),
    });
    platform.statuses.push(200); // an object where a list belongs
    await expect(write("one", null)).rejects.toMatchObject({
      code: "code-host/refused",
      message: expect.stringContaining(`${name} answers no list of comments`),
    });
  });

  it("is never asked twice to make a comment", async () => {
    platform.statuses.push(200, 502); // the list is whole, then the making fails
    await expect(write("one", null)).rejects.toThrow();
    expect(platform.calls.filter((call) => call.startsWith("POST")).length).toBeLessThan(2);
  });

  it.each([301, 302, 307, 308])("sends nobody elsewhere with a token (%d)", async (status) => {
    platform.statuses.push(status);
    await expect(host().check(signal)).rejects.toMatchObject({ code: "code-host/refused" });
    expect(platform.calls).toHaveLength(1);
  });

  it("refuses a wrong token, and says neither it nor the right one", async () => {
    const error: unknown = await hostWith("wrong-token")
      .check(signal)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "code-host/refused" });
    expect(JSON.stringify([String(error), (error as Error).stack])).not.toContain("wrong-token");
  });

  it("that is not there is one to wait for", async () => {
    const { web } = platform;
    expect(web).toMatch(/^http:/);
    await platform.stop();
    await expect(host().check(signal)).rejects.toMatchObject({ code: "code-host/unreachable" });
    platform = await codePlatform();
  });
});
