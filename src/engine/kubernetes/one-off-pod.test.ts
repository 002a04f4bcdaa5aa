import { expect, it } from "vitest";
import type { Deployment } from "../../render/objects.ts";
import type { Cluster } from "./cluster.ts";
import { oneOffTemplate } from "./one-off-pod.ts";

it("runs a program's words as they were typed: a kubelet would expand `$(NAME)` in them", async () => {
  const template = { metadata: { labels: {} }, spec: { containers: [{ name: "php", image: "i", env: [] }] } };
  const cluster = {
    namespace: (name: string) => name,
    complete: () => [{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { template } }],
  } as unknown as Cluster;
  const found = await oneOffTemplate(
    cluster,
    { namespace: "blog", workload: "web", container: "php", desired: { kind: "Deployment", metadata: { name: "web" } } as Deployment },
    { role: "once", argv: ["php", "-r", 'echo "$(HOME) $$";'], env: { NOTE: "$(HOME)" }, deadlineSeconds: 60 },
  );
  const [program] = found.spec.containers;
  expect(program).toMatchObject({ command: ["php", "-r", 'echo "$$(HOME) $$$$";'], env: [{ name: "NOTE", value: "$$(HOME)" }] });
});
