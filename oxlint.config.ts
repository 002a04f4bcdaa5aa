import { builtinModules } from "node:module";
import { type OxlintOverride, defineConfig } from "oxlint";

type Rules = NonNullable<OxlintOverride["rules"]>;

/** What each folder of src/ may import of ours (the table of ARCHITECTURE.md). Siblings below engine/, detect/ and providers/ never import each other. */
const allowed: Record<string, readonly string[]> = {
  kernel: [],
  host: ["kernel"],
  catalog: ["kernel"],
  schedule: ["kernel"],
  site: ["kernel", "catalog", "schedule"],
  detect: ["kernel", "catalog", "site"],
  render: ["kernel", "catalog", "site"],
  plan: ["kernel", "site", "render"],
  anonymize: ["kernel", "catalog", "site"],
  observe: ["kernel", "site", "plan"],
  kubernetes: ["kernel"],
  resources: ["kernel", "site", "kubernetes"],
  engine: ["kernel", "host", "render", "plan", "observe", "kubernetes"],
  providers: ["kernel", "host", "catalog", "plan", "kubernetes", "resources"],
  apply: ["kernel", "plan", "engine", "providers"],
  workflows: [
    "kernel",
    "host",
    "catalog",
    "site",
    "detect",
    "render",
    "plan",
    "anonymize",
    "observe",
    "engine",
    "providers",
    "apply",
    "schedule",
    "kubernetes",
    "resources",
  ],
  cli: ["kernel", "catalog", "site", "detect", "render", "plan", "anonymize", "observe", "engine", "workflows"],
  agent: ["kernel", "engine", "observe", "schedule", "workflows"],
  csi: ["kernel", "host", "providers"],
  operator: ["kernel", "kubernetes", "resources", "catalog", "site", "render", "plan", "observe", "engine", "schedule", "workflows"],
};

const folders = Object.keys(allowed);
const pure = ["kernel", "catalog", "schedule", "site", "detect", "render", "plan", "anonymize", "observe", "resources"];

/** Modules of Node that compute and touch nothing. */
const pureNodeModules = ["crypto", "util", "path/posix"];
const impureNodeModules = builtinModules.filter((name) => !pureNodeModules.includes(name) && !name.startsWith("_"));

const noShell = {
  regex: "^(node:)?child_process$",
  importNames: ["exec", "execSync"],
  message: "strings never become code: spawn with an argument array",
};

/** Folders below engine/ and detect/ that must not know each other: engines, and kinds of evidence. `recipes` and `htaccess` are combined by detect.ts like the rest. */
const siblings: readonly { readonly parent: string; readonly names: readonly string[] }[] = [
  { parent: "engine", names: ["podman", "memory", "kubernetes"] },
  {
    parent: "detect",
    names: [
      "commands",
      "configuration",
      "crons",
      "database",
      "entry-scripts",
      "extensions",
      "htaccess",
      "mounts",
      "php-version",
      "recipes",
      "static",
      "web-root",
    ],
  },
];

function importRule(folder: string, others: readonly string[] = []): Rules["no-restricted-imports"] {
  const refused = folders.filter((other) => other !== folder && !allowed[folder]?.includes(other));
  const patterns = [
    {
      regex: `^(\\.\\./)+(${refused.join("|")})/`,
      message: `src/${folder} may import only: ${["itself", ...(allowed[folder] ?? [])].join(", ")} (ARCHITECTURE.md)`,
    },
    { regex: "wiring(\\.ts)?$", message: "only bin/ imports the composition root" },
    ...(pure.includes(folder)
      ? [
          {
            regex: `^(node:)?(${impureNodeModules.join("|")})$`,
            message: `src/${folder} is pure: no file system, clock, network, randomness or environment`,
          },
        ]
      : []),
    ...(["workflows", "cli", "agent", "operator"].includes(folder)
      ? [
          {
            regex: "/engine/(podman|memory|kubernetes)/",
            message: "edges and workflows know ports, never adapters: wiring.ts chooses them",
          },
        ]
      : []),
  ];
  const apart =
    others.length === 0
      ? []
      : [{ regex: `^\\.\\./(${others.join("|")})/`, message: "siblings never import each other: what they share lies above them" }];
  return ["error", { patterns: [...patterns, noShell, ...apart] }];
}

const purity: Rules = {
  "no-restricted-globals": [
    "error",
    ...["process", "fetch", "setTimeout", "setInterval", "setImmediate", "console", "performance", "WebSocket", "Date"].map((name) => ({
      name,
      message: "this folder is pure",
    })),
  ],
  "no-restricted-properties": [
    "error",
    { object: "Date", property: "now", message: "this folder is pure: take the time as an argument" },
    { object: "Math", property: "random", message: "this folder is pure: take randomness as an argument" },
  ],
};

export default defineConfig({
  plugins: ["typescript", "unicorn", "import", "oxc"],
  categories: { correctness: "error", suspicious: "error" },
  options: { typeAware: true },
  ignorePatterns: ["dist/**", "coverage/**", "node_modules/**", "test/expected/**"],
  rules: {
    "no-eval": "error",
    "no-implied-eval": "error",
    "import/no-default-export": "error",
    "import/no-cycle": "error",
    "no-restricted-imports": ["error", { patterns: [noShell] }],
    "no-console": "error",
    "no-await-in-loop": "off",
    "no-underscore-dangle": "off",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-unsafe-type-assertion": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/no-array-reverse": "off",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/no-array-callback-reference": "off",
    "no-shadow": "off",
    "import/no-unassigned-import": "off",
    "oxc/no-map-spread": "off",
    "no-control-regex": "off",
    "import/no-named-as-default-member": "off",
    "unicorn/no-useless-spread": "off",
  },
  overrides: [
    ...folders.map((folder) => ({
      files: [`src/${folder}/**/*.ts`],
      excludeFiles: ["**/*.test.ts", "**/*-contract.ts", "**/testing/**"],
      rules: { ...(pure.includes(folder) ? purity : {}), "no-restricted-imports": importRule(folder) } as Rules,
    })),
    ...siblings.flatMap(({ parent, names }) =>
      names.map((name) => ({
        files: [`src/${parent}/${name}/**/*.ts`],
        excludeFiles: ["**/*.test.ts", "**/testing/**"],
        rules: {
          "no-restricted-imports": importRule(
            parent,
            names.filter((other) => other !== name),
          ),
        } as Rules,
      })),
    ),
    { files: ["*.config.ts"], rules: { "import/no-default-export": "off" } },
    { files: ["scripts/**", "bench/**", "test/**"], rules: { "no-console": "off" } },
  ],
});
