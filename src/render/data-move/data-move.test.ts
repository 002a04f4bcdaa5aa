import { describe, expect, it } from "vitest";
import { receiverCompany, senderCompany, senderNamespace } from "./move-company.ts";
import { receiverJob, senderJob } from "./move-jobs.ts";
import { compareArguments, copyArguments, remoteShellWords, type RsyncCopy } from "./rsync-arguments.ts";

const copy: RsyncCopy = {
  from: "/-odd; $(x)/",
  to: "receiver:/data/a b/",
  write: "in-place",
  delete: false,
  checksum: false,
  rate: undefined,
  extra: ["--rsh=x"],
};
const move = { id: "0a1b2c", image: "r.example.org/blog/data-mover@sha256:0", by: "eve@laptop 12-34", now: "2026-11-21T22:00:00.000Z" };

describe("arguments of rsync", () => {
  it("ends the options before the two ends, which are one word each", () => {
    for (const args of [copyArguments(copy), compareArguments(copy, true)])
      expect(args.slice(args.indexOf("--"))).toEqual(["--", copy.from, copy.to]);
  });

  it("never deletes and never limits unless asked", () => {
    const plain = copyArguments(copy).join(" ");
    expect(plain).not.toMatch(/--delete|--bwlimit|--checksum|--partial-dir/);
    expect(plain).toMatch(/--inplace/);
    const all = copyArguments({ ...copy, write: "whole-files", delete: true, checksum: true, rate: 20_000_000 });
    expect(all).toEqual(expect.arrayContaining(["--delete-delay", "--checksum", "--bwlimit=19531", "--partial-dir=.howdah-partial"]));
    expect(all).not.toContain("--inplace");
  });

  it("changes nothing while it compares", () => {
    expect(compareArguments({ ...copy, delete: true }, true)).toEqual(expect.arrayContaining(["--dry-run", "--checksum", "--delete"]));
    expect(compareArguments(copy, false)).not.toContain("--checksum");
  });

  it("quotes the words of the program in place of ssh as rsync divides them", () => {
    expect(remoteShellWords(["/a b/node", "it's", '"x"'])).toBe(`'/a b/node' 'it''s' '"x"'`);
  });
});

describe("objects of a move", () => {
  const receiving = { namespace: "blog", claim: "uploads", node: undefined, pulls: false };

  it("receives within Pod Security restricted, as the site's user, with the claim", () => {
    const job = receiverJob(move, receiving);
    const spec = podOf(job);
    expect(spec).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 50000, fsGroup: 50000, seccompProfile: { type: "RuntimeDefault" } },
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "uploads" } }],
      automountServiceAccountToken: false,
      restartPolicy: "Never",
    });
    expect(spec.containers[0]).toMatchObject({
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
      command: expect.arrayContaining(["--address=127.0.0.1"]),
    });
    expect(spec.affinity).toBeUndefined();
    expect(podOf(receiverJob(move, { ...receiving, node: "n1" })).affinity).toBeDefined();
  });

  it("ends by itself when nobody speaks for it any more", () => {
    for (const job of [receiverJob(move, receiving), senderJob(move, { node: "n1", path: "/srv" })])
      expect(job["spec"]).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 600, ttlSecondsAfterFinished: 60 });
  });

  it("reads a directory of one node, and no more", () => {
    const spec = podOf(senderJob(move, { node: "n1", path: "/srv/a b\n" }));
    expect(spec.volumes[0]).toEqual({ name: "source", hostPath: { path: "/srv/a b\n", type: "Directory" } });
    expect(spec.containers[0]).toMatchObject({
      volumeMounts: [{ name: "source", mountPath: "/source", readOnly: true }, { name: "known" }],
      securityContext: { capabilities: { drop: ["ALL"], add: ["DAC_READ_SEARCH", "SETGID", "SETUID", "SYS_CHROOT"] } },
    });
  });

  it("opens one way, from the receiver to its sender, with a password that no Job holds", () => {
    const [there, out] = receiverCompany(move, { namespace: "blog" }, "one-time");
    const [here, fence] = senderCompany(move, { namespace: "blog" }, "one-time");
    expect(out).toMatchObject({ metadata: { namespace: "blog" }, spec: { policyTypes: ["Egress"] } });
    expect(fence).toMatchObject({ metadata: { namespace: "howdah-data" }, spec: { policyTypes: ["Ingress", "Egress"], egress: [] } });
    expect(there["stringData"]).toEqual({ password: "one-time\n" });
    expect(here["stringData"]).toMatchObject({ secrets: "howdah:one-time\n" });
    const jobs = JSON.stringify([senderJob(move, { node: "n1", path: "/srv" }), receiverJob(move, { ...receiving, pulls: true })]);
    expect(jobs).not.toContain("one-time");
  });

  it("lets down Pod Security in the senders' namespace alone", () => {
    expect(senderNamespace(move).metadata).toMatchObject({
      name: "howdah-data",
      labels: { "pod-security.kubernetes.io/enforce": "privileged" },
      annotations: { "howdah.dev/data-renewed": move.now },
    });
  });
});

interface Pod {
  readonly affinity?: object;
  readonly volumes: readonly object[];
  readonly containers: readonly object[];
}

function podOf(job: object): Pod {
  return (job as { readonly spec: { readonly template: { readonly spec: Pod } } }).spec.template.spec;
}
