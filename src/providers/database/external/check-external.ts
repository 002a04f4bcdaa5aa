import { HowdahError } from "../../../kernel/howdah-error.ts";
import { chooseWriter, type WriterChoice } from "./choose-writer.ts";
import type { ProbedAddress } from "./probe-address.ts";

/** What an external server is good for. */
export type ExternalWriter = WriterChoice & { readonly writer: string };

const OLDEST = [10, 5] as const;

/**
 * The writer of a group, if Howdah can make databases there. Errors, the one that explains most first: `database/login-refused`,
 * `database/unreachable`, `database/no-writer`, `database/version-refused`, `database/rights-missing`.
 */
export function requireWriter(server: string, probed: readonly ProbedAddress[], former: string | undefined): ExternalWriter {
  const choice = chooseWriter(probed, former);
  if (choice.writer === null) throw noWriter(server, probed, choice.message);
  const writer = probed.find(({ address }) => address === choice.writer);
  requireVersion(choice.writer, choice.version);
  const missing = writer?.missing ?? [];
  if (missing.length === 0) return choice;
  throw new HowdahError("database/rights-missing", `The administrator of ${server} lacks on ${choice.writer}: ${missing.join(", ")}`);
}

function noWriter(server: string, probed: readonly ProbedAddress[], message: string): HowdahError {
  const refused = probed.find(({ failure }) => failure === "database/login-refused");
  if (refused !== undefined)
    return new HowdahError(
      "database/login-refused",
      `${refused.address} of the database server ${server} ${refused.answers ? "" : refused.because}`.trim(),
    );
  const silent = probed.every(({ failure }) => failure === "database/unreachable");
  return new HowdahError(
    silent ? "database/unreachable" : "database/no-writer",
    `The database server ${server} has no writer: ${message}`,
    {
      ...(silent
        ? { hint: "Is it running, and do a firewall and its `bind-address` let this machine in? `howdah db server check` asks again." }
        : {}),
    },
  );
}

/** Error: `database/version-refused`. `mysql.global_priv` and JSON_VALUE are what makes 10.5 the oldest that accounts can be kept right on. */
function requireVersion(address: string, version: string): void {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)\./.exec(version.replace(/^5\.5\.5-/, "")) ?? [];
  const isMaria = /mariadb/i.test(version);
  const isNewEnough = Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
  if (isMaria && isNewEnough) return;
  throw new HowdahError(
    "database/version-refused",
    `${address} runs ${version === "" ? "an unknown version" : version}${isMaria ? "" : ", which is not MariaDB"}`,
  );
}
