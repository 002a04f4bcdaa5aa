import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { ApiTarget } from "./fault-api-proxy.ts";

/** The administrator's access to a cluster, for a proxy before it: what a kubeconfig with client certificates says. */
export async function adminTarget(kubeconfig: string): Promise<ApiTarget> {
  const { clusters, users } = parse(await readFile(kubeconfig, "utf8")) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const { cluster } = clusters[0] ?? {};
  const { user } = users[0] ?? {};
  const pem = async (data: string | undefined, file: string | undefined): Promise<string> =>
    data === undefined ? readFile(file ?? "", "utf8") : Buffer.from(data, "base64").toString("utf8");
  return {
    server: cluster?.["server"] ?? "",
    ca: await pem(cluster?.["certificate-authority-data"], cluster?.["certificate-authority"]),
    cert: await pem(user?.["client-certificate-data"], user?.["client-certificate"]),
    key: await pem(user?.["client-key-data"], user?.["client-key"]),
  };
}
