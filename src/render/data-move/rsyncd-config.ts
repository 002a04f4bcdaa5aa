/** The port on which a sender waits for the receiver: rsync's own, moved above 1024. */
export const SENDER_PORT = 8730;
/** Who the receiver is for the sender. */
export const SENDER_USER = "howdah";
/** The sender's one module. */
export const SENDER_MODULE = "data";

/**
 * The configuration of a sender: one directory to read, for who knows the password. It is read as root and in a root of its own (chroot), so that
 * symbolic links stay as they are and none leads out. Has nothing in it that a person wrote.
 */
export function senderConfig(directory: string): string {
  const settings = [
    ["uid", "0"],
    ["gid", "0"],
    ["use chroot", "yes"],
    ["max verbosity", "2"],
    ["reverse lookup", "no"],
  ];
  const module = [
    ["path", directory],
    ["read only", "yes"],
    ["list", "no"],
    ["auth users", SENDER_USER],
    ["secrets file", "/etc/howdah/secrets"],
    ["strict modes", "yes"],
    ["numeric ids", "yes"],
  ];
  const lines = (pairs: readonly (readonly string[])[]): string => pairs.map(([name, value]) => `${name} = ${value}\n`).join("");
  return `${lines(settings)}[${SENDER_MODULE}]\n${lines(module)}`;
}
