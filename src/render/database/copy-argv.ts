import { DATABASE_PATHS, DATABASE_PORT } from "./server-options.ts";

/**
 * How often mariadb-backup looks for more redo, in milliseconds. While it holds commits back at its end it waits for the next look: with its own second all
 * writers of the server stood still for 0.7 s, with this for 0.09 s (`npm run bench -- dataset`).
 */
const LOG_COPY_INTERVAL_MS = 20;

/** The argument list that copies a server's files to standard output while it serves. `databases`: only these, as mariadb-backup lists them. */
export function copyArgv(address: string, databases?: string): readonly string[] {
  return [
    "mariadb-backup",
    `--defaults-file=${DATABASE_PATHS.clientFile}`,
    "--backup",
    `--host=${address}`,
    `--port=${String(DATABASE_PORT)}`,
    "--loose-skip-ssl-verify-server-cert",
    `--datadir=${DATABASE_PATHS.volume}/data`,
    `--log-copy-interval=${String(LOG_COPY_INTERVAL_MS)}`,
    ...(databases === undefined ? [] : [`--databases=${databases}`]),
    "--stream=mbstream",
    `--target-dir=${DATABASE_PATHS.temporary}`,
  ];
}
