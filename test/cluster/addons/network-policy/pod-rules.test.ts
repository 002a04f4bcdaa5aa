import { describe, expect, it } from "vitest";
import { type Attempt, documented, viewWith } from "./documented-policies.ts";
import type { NetworkView } from "./network-model.ts";
import { type Pass, includes, podRules } from "./pod-rules.ts";

describe("policies decide as Kubernetes documents them", () => {
  describe.each(documented)("$name", ({ policies, passes, denied }) => {
    const view = viewWith(policies);
    it.each(passes)("%s passes", (attempt) => {
      expect(decide(attempt, view)).toBe(true);
    });
    it.each(denied)("%s is denied", (attempt) => {
      expect(decide(attempt, view)).toBe(false);
    });
  });
});

describe("policies of other namespaces", () => {
  it("say nothing about a pod", () => {
    const view = viewWith([{ podSelector: {}, policyTypes: ["Ingress", "Egress"] }]);
    const client = view.pods.filter(({ name }) => name === "client");
    expect(podRules(client, view)).toEqual([{ pod: client[0], ingress: undefined, egress: undefined }]);
  });
});

/** What the rules mean, as the kernel reads them: out of the one pod and into the other. */
function decide(attempt: Attempt, view: NetworkView): boolean {
  const [from = "", , to = "", protocol = "", port = ""] = attempt.split(" ");
  const rules = podRules(view.pods, view);
  const [source, target] = [from, to].map((end) => rules.find(({ pod }) => pod.name === end));
  const addressOf = (end: string): string => view.pods.find(({ name }) => name === end)?.address ?? end;
  const lets = (allowed: readonly Pass[] | undefined, remote: string): boolean =>
    allowed === undefined ||
    from === to ||
    allowed.some(
      (pass) =>
        includes(pass.remote, remote) &&
        (pass.ports === undefined ||
          (pass.ports.protocol === protocol && Number(port) >= (pass.ports.first ?? 0) && Number(port) <= (pass.ports.last ?? 65_535))),
    );
  return lets(source?.egress, addressOf(to)) && lets(target?.ingress, addressOf(from));
}
