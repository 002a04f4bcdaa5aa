import { mkdir, rm } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Secret } from "../../kernel/secret.ts";
import { run } from "../process.ts";

/** Which commit, from where. */
export interface CommitToFetch {
  /** `https://…`, or `http://` of this machine; no user, no password. */
  readonly url: string;
  readonly user: string;
  readonly token: Secret;
  readonly commit: string;
}

const PATIENCE_MS = 600_000;

/**
 * Brings one commit without its history into a repository of its own, which is made when it is missing. What a killed git left there may be in the way of
 * the next one (`shallow.lock`): then it is thrown away, since all of it is at the platform. Error: `code-host/unreachable`.
 */
export async function fetchCommit(directory: string, wanted: CommitToFetch, signal: AbortSignal): Promise<void> {
  try {
    await fetchInto(directory, wanted, signal).catch(async () => {
      if (signal.aborted) throw signal.reason;
      await rm(directory, { recursive: true, force: true });
      await fetchInto(directory, wanted, signal);
    });
  } catch (error) {
    if (signal.aborted) throw new HowdahError("cancelled", `Stopped while ${wanted.commit} was fetched`);
    const output = error instanceof HowdahError ? error.output : [];
    throw new HowdahError("code-host/unreachable", `git can't fetch ${wanted.commit} from ${wanted.url}`, { cause: error, output });
  }
}

async function fetchInto(directory: string, { url, user, token, commit }: CommitToFetch, signal: AbortSignal): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const git = ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "http.followRedirects=false", "-C", directory];
  const env = {
    PATH: process.env["PATH"] ?? "",
    LC_ALL: "C",
    HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: "https:http",
  };
  await run([...git, "init", "--quiet", "--template="], { env, signal, timeoutMs: PATIENCE_MS });
  // Only the process that needs it has the token: neither its arguments nor a file.
  const credential = Buffer.from(`${user}:${token.reveal()}`).toString("base64");
  const withToken = {
    ...env,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${credential}`,
  };
  const how = ["--quiet", "--no-tags", "--depth=1", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance"];
  await run([...git, "fetch", ...how, "--", url, `+${commit}:refs/howdah/review`], { env: withToken, signal, timeoutMs: PATIENCE_MS });
}
