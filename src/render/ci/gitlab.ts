import { writeYaml } from "../../site/documenting/write-yaml.ts";
import { PIPELINE, type Pipeline, reportPattern } from "./pipeline.ts";
import { pushScripts, testScript } from "./push-script.ts";
import { REVIEW_RUNNER, reviewScripts } from "./review.ts";
import { setupScript } from "./setup-script.ts";

/** GitLab carries only what lies below the project, which is the site's own tree: the cache is moved out before anything reads that. */
const restoreCache = `mkdir -p "$HOWDAH_CACHE_DIR"
if [ -d .howdah-cache ]; then
  cp -a .howdah-cache/. "$HOWDAH_CACHE_DIR"/
  rm -rf .howdah-cache
fi
`;
const saveCache = `for part in ${PIPELINE.cached.join(" ")}; do
  if [ -d "$HOWDAH_CACHE_DIR/$part" ]; then
    mkdir -p .howdah-cache
    cp -a "$HOWDAH_CACHE_DIR/$part" .howdah-cache/
  fi
done
`;

/** A pipeline checks out a commit; the branch gives images their tag. */
const onBranch = `if [ -n "\${CI_COMMIT_BRANCH:-}" ]; then
  git -c safe.directory="$CI_PROJECT_DIR" checkout -q -B "$CI_COMMIT_BRANCH"
fi
`;

/** The text of `.gitlab-ci.yml`: a job for each version of PHP, and one that builds and pushes from the default branch and from release tags. */
export function renderGitlab(pipeline: Pipeline): string {
  const tests = pipeline.php.length > 0;
  const { login, push, logout } = pushScripts(pipeline, { host: '"$CI_REGISTRY"', repository: '"$CI_REGISTRY_IMAGE"' });
  const own = pipeline.repository === null;
  const document = {
    workflow: {
      rules: [
        { if: '$CI_PIPELINE_SOURCE == "merge_request_event"' },
        { if: "$CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS", when: "never" },
        { if: "$CI_COMMIT_BRANCH || $CI_COMMIT_TAG" },
      ],
    },
    stages: [...(tests ? ["test"] : []), "build", ...(pipeline.review ? ["review"] : [])],
    variables: { HOWDAH_CACHE_DIR: PIPELINE.cacheDirectory },
    default: {
      image: PIPELINE.image,
      tags: ["howdah"],
      cache: { key: { files: [pipeline.lockFile] }, paths: [".howdah-cache/"] },
      before_script: [setupScript, restoreCache],
      after_script: [saveCache],
    },
    test: tests
      ? {
          stage: "test",
          parallel: { matrix: [{ PHP: [...pipeline.php] }] },
          script: [testScript(pipeline)],
          artifacts: pipeline.report === null ? undefined : { when: "always", reports: { junit: reportPattern(pipeline.report) } },
        }
      : undefined,
    build: {
      stage: "build",
      rules: [{ if: "$CI_COMMIT_TAG =~ /^release-v/" }, { if: "$CI_COMMIT_BRANCH && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" }],
      variables: own ? { HOWDAH_REGISTRY_USER: "$CI_REGISTRY_USER", HOWDAH_REGISTRY_PASSWORD: "$CI_REGISTRY_PASSWORD" } : undefined,
      script: [onBranch, login, push],
      after_script: [logout, saveCache],
    },
    ...(pipeline.review ? review(pipeline) : {}),
  };
  return `${header(own)}${writeYaml(document, { comments })}`;
}

/** Its job needs no test to have passed: who reviews wants to look at once. Fails no pipeline by being stopped. */
function review(pipeline: Pipeline): object {
  const scripts = reviewScripts(pipeline, { name: '"mr-$CI_MERGE_REQUEST_IID"', commit: '"$CI_COMMIT_SHA"' });
  // a merge request of a fork is somebody else's code, on the machine that has production
  const own = '$CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID';
  const name = "review/mr-$CI_MERGE_REQUEST_IID";
  const there = {
    ...{ stage: "review", needs: [], tags: [REVIEW_RUNNER], resource_group: name },
    ...{ cache: [], before_script: [], after_script: [] },
  };
  return {
    review: {
      ...there,
      rules: [{ if: own }],
      environment: { name, url: "$HOWDAH_ENVIRONMENT_URL", on_stop: "review-stop", auto_stop_in: "1 week" },
      script: [scripts.create, `printf 'HOWDAH_ENVIRONMENT_URL=%s\\n' "$(${scripts.address})" >howdah-review.env\n`],
      artifacts: { reports: { dotenv: "howdah-review.env" } },
    },
    "review-stop": {
      ...there,
      rules: [{ if: own, when: "manual" }],
      allow_failure: true,
      variables: { GIT_STRATEGY: "none" },
      environment: { name, action: "stop" },
      script: [scripts.remove],
    },
  };
}

const comments: Readonly<Record<string, string>> = {
  "default.tags": "A runner on a Debian 12 machine, or one whose containers are privileged (docs/how-to/ci.md).",
  "review.tags": "A runner with the shell executor as root, on the machine where the site runs.",
  "build.rules": "Make release tags and the default branch protected: only they see the protected variables.",
};

function header(own: boolean): string {
  const registry = own ? [] : ["HOWDAH_REGISTRY_USER, HOWDAH_REGISTRY_PASSWORD (masked, protected): for pushing"];
  const lines = [
    "Written by `howdah ci gitlab` from the site file: run it again after a change there.",
    "Variables, in Settings > CI/CD > Variables; none of their values is in this file:",
    "  HOWDAH_PACKAGE: where Howdah comes from; not needed on a runner that has it",
    ...registry.map((line) => `  ${line}`),
    "  HOWDAH_SIGN_KEY (type file, protected), COSIGN_PASSWORD (masked, protected): for signing, if you want it",
  ];
  return lines.map((line) => `# ${line}\n`).join("");
}
