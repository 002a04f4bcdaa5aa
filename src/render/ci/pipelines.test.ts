import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderGithub } from "./github.ts";
import { renderGitlab } from "./gitlab.ts";
import { type Pipeline, reportPattern } from "./pipeline.ts";

const pipeline: Pipeline = {
  ...{ site: "shop", path: ".", lockFile: "howdah.lock", php: ["8.2", "8.4"], command: ["vendor/bin/phpunit"], report: "build/junit.xml" },
  ...{ repository: null, registrySecret: null, review: false },
};

interface Step {
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<string, { readonly if?: string; readonly needs?: string; readonly permissions?: unknown; readonly steps: readonly Step[] }>
  >;
}
const github = (change: Partial<Pipeline> = {}): Workflow => parse(renderGithub({ ...pipeline, ...change })) as Workflow;

interface Job {
  readonly script: readonly string[];
  readonly after_script: readonly string[];
  readonly rules?: readonly { readonly if: string }[];
  readonly artifacts?: unknown;
}
const gitlab = (change: Partial<Pipeline> = {}): Readonly<Record<string, Job>> =>
  parse(renderGitlab({ ...pipeline, ...change })) as Readonly<Record<string, Job>>;

describe("GitHub's", () => {
  it("never pushes from a pull request, and only the job that pushes may write", () => {
    const { jobs, permissions } = github();
    expect(jobs["build"]?.if).toBe("github.event_name == 'push'");
    expect(permissions).toEqual({ contents: "read" });
    expect(jobs["build"]?.permissions).toEqual({ contents: "read", packages: "write" });
    expect(github({ repository: "registry.example.org/shop" }).jobs["build"]?.permissions).toBeUndefined();
  });

  it("keeps what is an expression to GitHub out of scripts, whoever wrote it", () => {
    const steps = Object.values(github({ command: ["echo", "${{ secrets.KEY }}"] }).jobs).flatMap((job) => job.steps);
    for (const { run = "" } of steps) expect(run.replaceAll("${{ '${{' }}", "")).not.toContain("${{");
  });

  it("gives secrets only to the steps that need them", () => {
    const steps = Object.values(github({ repository: "registry.example.org/shop" }).jobs).flatMap((job) => job.steps);
    const withSecrets = steps.filter(({ env = {} }) => Object.values(env).some((value) => value.includes("secrets.")));
    expect(withSecrets.map(({ run = "" }) => /podman login|howdah build/.test(run))).toEqual([true, true]);
  });
});

describe("review", () => {
  it("follows the merge requests of the project's own branches, on the machine that has the site", () => {
    const { review, "review-stop": stop, test } = gitlab({ review: true });
    expect(review?.rules?.[0]?.if).toContain("$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID");
    expect(review?.script[0]).toBe('howdah env create "mr-$CI_MERGE_REQUEST_IID" shop --commit "$CI_COMMIT_SHA" --checkout .\n');
    expect(stop?.script).toEqual(['howdah env delete "mr-$CI_MERGE_REQUEST_IID" shop --yes --if-exists\n']);
    expect(test).toBeDefined();
  });

  it("of a fork's pull request runs nothing, and of a closed one only deletes", () => {
    const { jobs, on } = github({ review: true });
    for (const job of ["review", "review-stop"]) expect(jobs[job]?.if).toContain("head.repo.full_name == github.repository");
    expect(jobs["review"]?.if).toContain("action != 'closed'");
    expect(jobs["test"]?.if).toBe("github.event.action != 'closed'");
    expect(jobs["review-stop"]?.steps.map(({ run }) => run)).toEqual(['howdah env delete "pr-$NUMBER" shop --yes --if-exists\n']);
    expect(on["pull_request"]).toEqual({ types: ["opened", "reopened", "synchronize", "closed"] });
  });

  it("is not there when nobody asked for it", () => {
    expect(Object.keys(github().jobs)).toEqual(["test", "build"]);
    expect(gitlab()).not.toHaveProperty("review");
  });
});

describe("GitLab's", () => {
  it("pushes from the default branch and release tags alone, and forgets the password", () => {
    const { build } = gitlab();
    expect(build?.rules).toEqual([
      { if: "$CI_COMMIT_TAG =~ /^release-v/" },
      { if: "$CI_COMMIT_BRANCH && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" },
    ]);
    expect(build?.after_script[0]).toContain("podman logout");
  });

  it("takes credentials by the site's secret when the site file names one", () => {
    const { build } = gitlab({ repository: "registry.example.org/shop", registrySecret: "registry" });
    expect(build?.script.join("")).toContain("| howdah secret set shop registry/password");
    expect(build?.script.join("")).not.toContain("podman login");
    expect(build?.script.at(-1)).toBe("howdah build . --push\n");
  });

  it("keeps the reports of all versions", () => {
    expect(gitlab()["test"]?.artifacts).toEqual({ when: "always", reports: { junit: "build/junit-php*.xml" } });
  });
});

it("has no tests for a site without PHP", () => {
  expect(Object.keys(github({ php: [] }).jobs)).toEqual(["build"]);
  expect(gitlab({ php: [] })).not.toHaveProperty("test");
});

it.each([
  ["junit.xml", "junit-php*.xml"],
  ["a.b/report", "a.b/report-php*"],
])("names the reports of %s by %s", (report, pattern) => {
  expect(reportPattern(report)).toBe(pattern);
});
