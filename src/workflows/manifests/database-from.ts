import { HowdahError } from "../../kernel/howdah-error.ts";
import type { OutsideDatabase } from "./render-manifests.ts";

const FORM = "mysql://USER@HOST:PORT/NAME";
const PART = /^[A-Za-z0-9._$-]{1,64}$/;

/** Reads `mysql://USER@HOST:PORT/NAME`; the port is 3306 when it is left out. Error: `usage/invalid`; a password in it is refused. */
export function databaseFrom(text: string): OutsideDatabase {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["mysql:", "mariadb:"].includes(url.protocol) || url.hostname === "") {
    throw new HowdahError("usage/invalid", `--database takes ${FORM}`);
  }
  if (url.password !== "") {
    throw new HowdahError("usage/invalid", "--database takes no password: manifests would carry it, and so does the shell's history", {
      hint: `Leave it out (${FORM}) and put it into the Secret that the manifests name.`,
    });
  }
  const user = decodeURIComponent(url.username);
  const name = decodeURIComponent(url.pathname.slice(1));
  if (!PART.test(user) || !PART.test(name))
    throw new HowdahError("usage/invalid", `--database takes ${FORM}: USER and NAME are missing or strange`);
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: url.port === "" ? 3306 : Number(url.port), name, user };
}
