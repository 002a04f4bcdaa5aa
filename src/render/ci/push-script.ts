import type { Pipeline } from "./pipeline.ts";
import { shellWords } from "./shell-words.ts";

/** Where a platform keeps images when the site file names no place, as words of its shell. */
export interface PlatformRegistry {
  readonly host: string;
  readonly repository: string;
}

/** The scripts of the job that pushes: user and password of the registry are HOWDAH_REGISTRY_USER and HOWDAH_REGISTRY_PASSWORD there. */
export interface PushScripts {
  readonly login: string;
  readonly push: string;
  readonly logout: string;
}

/** Logs in by standard input, builds and pushes with the tags that git gives, and forgets the password again. */
export function pushScripts(pipeline: Pipeline, platform: PlatformRegistry): PushScripts {
  const { path, repository, registrySecret, site } = pipeline;
  const host = repository === null ? platform.host : shellWords([repository.split("/")[0] ?? ""]);
  // the site file's own repository needs not be named
  const to = repository === null ? ` --to ${platform.repository}` : "";
  const push = `howdah build ${shellWords([path])} --push${to}\n`;
  if (registrySecret === null || repository === null) {
    const login = `printf %s "$HOWDAH_REGISTRY_PASSWORD" | podman login --username "$HOWDAH_REGISTRY_USER" --password-stdin ${host}\n`;
    return { login, push, logout: `podman logout ${host} || true\n` };
  }
  const set = (key: string, variable: string): string =>
    `printf %s "$${variable}" | ${shellWords(["howdah", "secret", "set", site, `${registrySecret}/${key}`])}`;
  return {
    login: `${set("username", "HOWDAH_REGISTRY_USER")}\n${set("password", "HOWDAH_REGISTRY_PASSWORD")}\n`,
    push,
    logout: `${shellWords(["howdah", "secret", "rm", site, registrySecret])} || true\n`,
  };
}

/** The job's line that tests: one version, which the platform's matrix puts into PHP. */
export function testScript({ path, command, report }: Pipeline): string {
  const junit = report === null ? "" : ` ${shellWords(["--junit", report])}`;
  return `howdah test ${shellWords([path])} --php "$PHP"${junit} -- ${shellWords(command)}\n`;
}
