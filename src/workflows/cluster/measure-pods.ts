import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Site } from "../../site/site.ts";
import { writableRoots } from "../files/mount-path.ts";
import type { SiteRecord } from "../ports.ts";

/** What the containers with a site's PHP use, and what lies in its volumes. */
export interface MeasuredPods {
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly volumeBytes: number;
}

const CONTAINER = "php";
/** A tree of a million files takes some seconds. */
const PATIENCE_MS = 30_000;

/** What the container's own cgroup counts (of the second version or the first), and the bytes below directories; symbolic links are not followed. Constant: directories are arguments. */
const MEASURE = String.raw`
$size = static function (string $path) use (&$size): int {
    $found = @lstat($path);
    if ($found === false || ($found['mode'] & 0170000) !== 0040000) {
        return $found === false ? 0 : $found['size'];
    }
    $sum = 0;
    foreach (@scandir($path) ?: [] as $name) {
        $sum += $name === '.' || $name === '..' ? 0 : $size("$path/$name");
    }
    return $sum;
};
$read = static fn (string $file): string => (string) @file_get_contents("/sys/fs/cgroup/$file");
preg_match('/^usage_usec ([0-9]+)/m', $read('cpu.stat'), $cpu);
echo json_encode([
    'memoryBytes' => (int) $read('memory.current') ?: (int) $read('memory/memory.usage_in_bytes'),
    'cpuSeconds' => isset($cpu[1]) ? $cpu[1] / 1e6 : (int) $read('cpuacct/cpuacct.usage') / 1e9,
    'volumeBytes' => array_sum(array_map($size, array_slice($argv, 1))),
]);`;

/** Asks each pod of a site that runs. What can't be asked counts nothing: a pod that just ends is no reason to say nothing of the rest. */
export async function measurePods(
  record: SiteRecord,
  { api, signal }: { readonly api: Pick<KubernetesApi, "list" | "exec">; readonly signal: AbortSignal },
): Promise<MeasuredPods> {
  const { namespace, site } = record;
  if (site.runtime === null) return NOTHING;
  const { items } = await api.list(resources.Pod, { namespace, labelSelector: `${LABEL_PREFIX}/role=serve` }, signal);
  const pods = items.filter(runsPhp).map(({ metadata }) => metadata.name);
  // All pods have the same volumes.
  const found = await Promise.all(pods.map((pod, index) => measure({ namespace, pod }, index === 0 ? volumesOf(site) : [], api, signal)));
  return found.reduce(
    (sum, one) => ({
      memoryBytes: sum.memoryBytes + one.memoryBytes,
      cpuSeconds: sum.cpuSeconds + one.cpuSeconds,
      volumeBytes: sum.volumeBytes + one.volumeBytes,
    }),
    NOTHING,
  );
}

/** Where its volumes are; what is mounted below another one is met on the way. */
function volumesOf(site: Site): readonly string[] {
  const roots = writableRoots(site);
  return roots.filter((root) => !roots.some((other) => root.startsWith(`${other}/`)));
}

const NOTHING: MeasuredPods = { memoryBytes: 0, cpuSeconds: 0, volumeBytes: 0 };

function runsPhp({ metadata, status }: KubeObject): boolean {
  const { containerStatuses = [] } = (status ?? {}) as {
    readonly containerStatuses?: readonly { readonly name: string; readonly state?: { readonly running?: object } }[];
  };
  const runs = containerStatuses.some(({ name, state }) => name === CONTAINER && state?.running !== undefined);
  return runs && metadata.deletionTimestamp === undefined;
}

async function measure(
  { namespace, pod }: { readonly namespace: string; readonly pod: string },
  directories: readonly string[],
  api: Pick<KubernetesApi, "exec">,
  signal: AbortSignal,
): Promise<MeasuredPods> {
  const stdout = new PassThrough();
  const said = text(stdout);
  const argv = ["/usr/bin/php", "-d", "memory_limit=256M", "-r", MEASURE, "--", ...directories];
  const request = { argv, stdin: undefined, stdout, stderr: undefined, tty: false };
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    await api.exec({ namespace, pod, container: CONTAINER }, request, patience);
  } catch (error) {
    if (signal.aborted || !(error instanceof HowdahError || patience.aborted)) throw error;
  } finally {
    stdout.end();
  }
  const answer = parseJson(await said) as Partial<MeasuredPods> | undefined;
  const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0);
  const { memoryBytes, cpuSeconds, volumeBytes } = answer ?? {};
  return { memoryBytes: number(memoryBytes), cpuSeconds: number(cpuSeconds), volumeBytes: number(volumeBytes) };
}
