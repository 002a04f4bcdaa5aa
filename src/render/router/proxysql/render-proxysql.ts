import { HowdahError } from "../../../kernel/howdah-error.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { RouterPlan } from "../router-plan.ts";
import { printLibconfig } from "./libconfig.ts";

/** Where a ProxySQL's files lie in its container. */
export const PROXYSQL_PATHS = {
  program: "/usr/bin/proxysql",
  config: "/run/secrets/router/proxysql.cnf",
  data: "/var/lib/proxysql",
} as const;

/**
 * What a pod starts with: where it listens and who administers it, and nothing of users or nodes, which it is told (src/providers/router/proxysql/). The
 * file holds the administrator's password: it is a Secret as a whole. Error: `render/unsafe` for what it is delivered with, and for weak passwords.
 */
export function renderProxysql(
  plan: Pick<RouterPlan, "listen" | "health" | "maxConnections">,
  admin: { readonly user: string; readonly password: Secret },
  data: string = PROXYSQL_PATHS.data,
): Secret {
  const password = admin.password.reveal();
  // Credentials are a list with `:` and `;` between its words.
  if (admin.user === "admin" || !/^[a-z][a-z0-9-]{2,31}$/.test(admin.user) || !/^[A-Za-z0-9]{16,128}$/.test(password))
    throw new HowdahError("render/unsafe", "ProxySQL's administrator needs a name that is not `admin`, and 16 letters and digits at least");
  const text = printLibconfig({
    settings: { datadir: data },
    groups: {
      admin_variables: {
        admin_credentials: `${admin.user}:${password}`,
        // The default is admin:admin of who may only read, too.
        stats_credentials: `${admin.user}-statistics:${password}`,
        mysql_ifaces: place(plan.health),
        refresh_interval: 2000,
      },
      mysql_variables: {
        interfaces: place(plan.listen),
        max_connections: plan.maxConnections,
        // Already before it is told: what is sent twice is applied twice (database.md, section 3).
        query_retries_on_failure: 0,
        // It would log in with a password that everybody knows.
        monitor_enabled: false,
        threads: 2,
      },
    },
  });
  return new Secret(text, admin.password.origin);
}

/** In the foreground, and without asking proxysql.com which version is the newest, which it does with TLS that it does not check. */
export function proxysqlArguments(config: string = PROXYSQL_PATHS.config): readonly string[] {
  return ["--foreground", "--config", config, "--no-version-check"];
}

function place({ address, port }: { readonly address: string; readonly port: number }): string {
  const host = address === "*" ? "0.0.0.0" : address;
  if (!/^[0-9.]{7,15}$/.test(host) || !Number.isInteger(port))
    throw new HowdahError("render/unsafe", `${address} is no address for ProxySQL`);
  return `${host}:${port}`;
}
