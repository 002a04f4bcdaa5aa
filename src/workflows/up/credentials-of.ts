import { GENERATED_SECRET } from "../../kernel/own-names.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";

/** A user and password that the install hook made, shown once, after the first start. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Those of a site whose install hook made an administrator; null when there are none, or nobody is to see them again. */
export async function credentialsOf(site: Site, show: boolean, ports: Pick<Ports, "secrets">): Promise<Credentials | null> {
  const variable = site.variables.find(({ name }) => name === "HOWDAH_ADMIN_PASSWORD");
  if (!show || variable?.from !== "generated") return null;
  const user = site.variables.find(({ name }) => name === "HOWDAH_ADMIN_USER");
  const secret = (await ports.secrets.get(site.name, GENERATED_SECRET))?.["HOWDAH_ADMIN_PASSWORD"];
  return secret === undefined ? null : { user: user?.from === "literal" ? user.value : "admin", password: secret.reveal() };
}
