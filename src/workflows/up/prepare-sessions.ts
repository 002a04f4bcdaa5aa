import { SESSIONS_SECRET } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import { sessionUsers, type SessionServer } from "../../render/sessions/session-server.ts";
import type { Ports } from "../ports.ts";

/**
 * What rendering must know of a site's session server; null without an image for one. Its password is made once, kept in the store, and put
 * where the engine finds it with the server's users.
 */
export async function prepareSessions(
  namespace: string,
  image: string | null,
  ports: Pick<Ports, "secrets" | "engine">,
): Promise<SessionServer | null> {
  if (image === null) return null;
  const password = await ports.secrets.getOrGenerate(namespace, SESSIONS_SECRET, "password", { bytes: 40, encoding: "alphanumeric" });
  const users = new Secret(sessionUsers(password.reveal()), password.origin);
  const secretDigest = await ports.engine.putSecret(namespace, SESSIONS_SECRET, { password, "users.acl": users });
  return { image, secretName: SESSIONS_SECRET, secretDigest };
}
