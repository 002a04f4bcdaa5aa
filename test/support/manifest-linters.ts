import { join } from "node:path";
import { run } from "../../src/providers/process.ts";
import { buildGoProgram } from "../cluster/go-program.ts";
import { settingsOf } from "../cluster/settings.ts";
import { KUBERNETES_MINORS, kubernetesSchemas } from "./kubernetes-schemas.ts";

/** The Go module that pins the linters' versions. */
const MODULE = join(import.meta.dirname, "../cluster/manifest-linters");

const programs = {
  kubeconform: "github.com/yannh/kubeconform/cmd/kubeconform",
  "kube-score": "github.com/zegl/kube-score/cmd/kube-score",
} as const;

/** A linter's path: built from its Go module once on a machine, and kept with the test cluster's programs. */
function linter(name: keyof typeof programs): Promise<string> {
  return buildGoProgram({ name, module: MODULE, package: programs[name], static: true }, settingsOf().cache, () => undefined);
}

/** The kinds that rendering makes, by the names of their schemas. HTTPRoutes are not Kubernetes' own: a real API server judges them. */
const KINDS = [
  "clusterrole-rbac-v1",
  "clusterrolebinding-rbac-v1",
  "configmap-v1",
  "cronjob-batch-v1",
  "deployment-apps-v1",
  "horizontalpodautoscaler-autoscaling-v2",
  "ingress-networking-v1",
  "namespace-v1",
  "networkpolicy-networking-v1",
  "persistentvolumeclaim-v1",
  "poddisruptionbudget-policy-v1",
  "role-rbac-v1",
  "rolebinding-rbac-v1",
  "service-v1",
  "serviceaccount-v1",
  "statefulset-apps-v1",
];

/** What kubeconform finds wrong in YAML documents by the strict schemas of a minor version, a line each. */
export async function kubeconform(): Promise<(yaml: string, minor: (typeof KUBERNETES_MINORS)[number]) => Promise<readonly string[]>> {
  const [program, schemas] = [await linter("kubeconform"), await kubernetesSchemas(KINDS)];
  const location = join(schemas, "{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json");
  return async (yaml, minor) => {
    const argv = [
      program,
      "-strict",
      "-skip=HTTPRoute",
      "-output=json",
      "-summary",
      `-kubernetes-version=1.${minor}.0`,
      `-schema-location=${location}`,
      "-",
    ];
    const { stdout } = await run(argv, { input: yaml, accept: [0, 1] });
    const { resources = [], summary } = JSON.parse(stdout) as {
      readonly resources?: readonly { readonly kind: string; readonly name: string; readonly msg: string }[];
      readonly summary: { readonly valid: number };
    };
    const found = resources.map(({ kind, name, msg }) => `${kind}/${name}: ${msg}`);
    return summary.valid === 0 ? [...found, "it saw no object"] : found;
  };
}

/** What kube-score would have otherwise, a line each: the check's identity, the object, its words. Optional checks are asked too. */
export async function kubeScore(): Promise<(yaml: string, minor: number) => Promise<readonly Finding[]>> {
  const program = await linter("kube-score");
  return async (yaml, minor) => {
    const argv = [program, "score", "--output-format=json", "--all-default-optional", `--kubernetes-version=v1.${minor}`, "-"];
    const { stdout } = await run(argv, { input: yaml, accept: [0, 1] });
    const objects = JSON.parse(stdout) as readonly Scored[];
    if (objects.length === 0) throw new Error("kube-score saw no object");
    return objects.flatMap(({ object_name, type_meta, checks }) =>
      checks
        .filter(({ grade, skipped }) => !skipped && grade < ALL_OK)
        .flatMap(({ check, comments }) =>
          (comments ?? []).map(({ path, summary }) => ({
            check: check.id,
            object: `${type_meta.kind}/${object_name}`,
            path,
            words: summary,
          })),
        ),
    );
  };
}

/** kube-score's grades: 1 critical, 5 warning, 7 almost, 10 all well. */
const ALL_OK = 10;

/** One complaint of kube-score. */
export interface Finding {
  readonly check: string;
  readonly object: string;
  readonly path: string;
  readonly words: string;
}

interface Scored {
  readonly object_name: string;
  readonly type_meta: { readonly kind: string };
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly path: string; readonly summary: string }[] | null;
  }[];
}
