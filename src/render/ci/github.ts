import { writeYaml } from "../../site/documenting/write-yaml.ts";
import { PIPELINE, type Pipeline, reportPattern } from "./pipeline.ts";
import { pushScripts, testScript } from "./push-script.ts";
import { REVIEW_RUNNER, reviewScripts } from "./review.ts";
import { setupScript } from "./setup-script.ts";

/** Actions that the workflow uses, by their major versions. */
const actions = { checkout: "actions/checkout@v5", cache: "actions/cache@v4", upload: "actions/upload-artifact@v4" };

/** GitHub gives secrets as text; the key's file is gone with the job. An empty secret is none. */
const signKey = `if [ -n "\${SIGN_KEY:-}" ]; then
  umask 077
  printf '%s\\n' "$SIGN_KEY" >"$RUNNER_TEMP/howdah-sign.key"
  export HOWDAH_SIGN_KEY="$RUNNER_TEMP/howdah-sign.key"
fi
`;

/** The text of a workflow: a job for each version of PHP, and one that builds and pushes what was pushed to the main branch or tagged as a release. */
export function renderGithub(pipeline: Pipeline): string {
  const tests = pipeline.php.length > 0;
  const { report } = pipeline;
  const document = {
    name: "howdah",
    on: {
      push: { branches: ["main", "master"], tags: ["release-v*"] },
      pull_request: pipeline.review ? { types: ["opened", "reopened", "synchronize", "closed"] } : {},
    },
    permissions: { contents: "read" },
    defaults: { run: { shell: "bash" } },
    env: { HOWDAH_CACHE_DIR: PIPELINE.cacheDirectory },
    jobs: {
      test: tests
        ? {
            if: pipeline.review ? "github.event.action != 'closed'" : undefined,
            ...machine,
            strategy: { "fail-fast": false, matrix: { php: [...pipeline.php] } },
            steps: [
              ...prepared,
              { name: "Test", env: { PHP: "${{ matrix.php }}" }, run: literal(testScript(pipeline)) },
              ...(report === null ? [] : [upload(report)]),
            ],
          }
        : undefined,
      build: {
        ...(tests ? { needs: "test" } : {}),
        // a pull request of anybody must not push
        if: "github.event_name == 'push'",
        ...machine,
        ...(pipeline.repository === null ? { permissions: { contents: "read", packages: "write" } } : {}),
        steps: [...prepared, ...pushing(pipeline)],
      },
      ...(pipeline.review ? review(pipeline) : {}),
    },
  };
  return `${header(pipeline.repository === null)}${writeYaml(document, { comments })}`;
}

/** A container of Debian 12 that may start containers. */
const machine = {
  "runs-on": "ubuntu-24.04",
  container: { image: PIPELINE.image, options: "--privileged", volumes: [PIPELINE.storage] },
};

const prepared = [
  // before the checkout, which takes an archive without history where there is no git
  { name: "Set up Howdah", env: { HOWDAH_PACKAGE: "${{ vars.HOWDAH_PACKAGE }}" }, run: setupScript },
  { uses: actions.checkout },
  {
    uses: actions.cache,
    with: {
      path: PIPELINE.cached.map((part) => `${PIPELINE.cacheDirectory}/${part}\n`).join(""),
      key: "howdah-${{ hashFiles('**/howdah.lock', '**/composer.lock') }}",
      "restore-keys": "howdah-",
    },
  },
];

function upload(report: string): object {
  return { uses: actions.upload, if: "always()", with: { name: "junit-php${{ matrix.php }}", path: reportPattern(report) } };
}

function pushing(pipeline: Pipeline): readonly object[] {
  const own = pipeline.repository === null;
  const { login, push, logout } = pushScripts(pipeline, { host: "ghcr.io", repository: '"ghcr.io/${GITHUB_REPOSITORY,,}"' });
  const user = own ? "${{ github.actor }}" : "${{ secrets.HOWDAH_REGISTRY_USER }}";
  const password = own ? "${{ secrets.GITHUB_TOKEN }}" : "${{ secrets.HOWDAH_REGISTRY_PASSWORD }}";
  return [
    { name: "Log in", env: { HOWDAH_REGISTRY_USER: user, HOWDAH_REGISTRY_PASSWORD: password }, run: literal(login) },
    {
      name: "Build and push",
      env: { SIGN_KEY: "${{ secrets.HOWDAH_SIGN_KEY }}", COSIGN_PASSWORD: "${{ secrets.COSIGN_PASSWORD }}" },
      run: `${signKey}${literal(push)}`,
    },
    { name: "Log out", if: "always()", run: `rm -f "$RUNNER_TEMP/howdah-sign.key"\n${literal(logout)}` },
  ];
}

/** GitHub looks for expressions in scripts before the shell sees them: what only looks like one stays as it is. */
function literal(script: string): string {
  return script.replaceAll("${{", "${{ '${{' }}");
}

/** One job for what is open, one for what is closed; each pull request in turn. */
function review(pipeline: Pipeline): object {
  const scripts = reviewScripts(pipeline, { name: '"pr-$NUMBER"', commit: '"$GITHUB_SHA"' });
  // a pull request of a fork is somebody else's code, on the machine that has production
  const own = "github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository";
  const env = { NUMBER: "${{ github.event.number }}" };
  const there = {
    "runs-on": ["self-hosted", REVIEW_RUNNER],
    concurrency: { group: "review-${{ github.event.number }}", "cancel-in-progress": false },
  };
  const address = `echo "url=$(${scripts.address})" >>"$GITHUB_OUTPUT"\n`;
  return {
    review: {
      if: `${own} && github.event.action != 'closed'`,
      ...there,
      environment: { name: "pr-${{ github.event.number }}", url: "${{ steps.environment.outputs.url }}" },
      steps: [{ uses: actions.checkout }, { name: "Environment", id: "environment", env, run: literal(`${scripts.create}${address}`) }],
    },
    "review-stop": {
      if: `${own} && github.event.action == 'closed'`,
      ...there,
      steps: [{ name: "Delete the environment", env, run: literal(scripts.remove) }],
    },
  };
}

const comments: Readonly<Record<string, string>> = {
  "jobs.build.if": "A pull request must not push.",
  "jobs.review.runs-on": "A runner of your own, as root, on the machine where the site runs.",
};

function header(own: boolean): string {
  const lines = [
    "Written by `howdah ci github` from the site file: run it again after a change there.",
    "Set in Settings > Secrets and variables > Actions; none of their values is in this file:",
    "  variable HOWDAH_PACKAGE: where Howdah comes from",
    ...(own ? [] : ["  secrets HOWDAH_REGISTRY_USER, HOWDAH_REGISTRY_PASSWORD: for pushing"]),
    "  secrets HOWDAH_SIGN_KEY, COSIGN_PASSWORD: for signing, if you want it",
  ];
  return lines.map((line) => `# ${line}\n`).join("");
}
