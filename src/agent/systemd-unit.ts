/** Where the unit is written. */
export const UNIT_NAME = "howdah-agent.service";

/**
 * The agent as a systemd service. `KillMode=process`: stopping the agent must never stop what it started.
 * Errors are thrown for arguments that no unit file can hold.
 */
export function systemdUnit(argv: readonly string[], environment: Readonly<Record<string, string>>): string {
  return [
    "[Unit]",
    "Description=Howdah agent: keeps the sites of this machine running",
    "After=network-online.target",
    "Wants=network-online.target",
    "",
    "[Service]",
    "Type=exec",
    ...Object.entries(environment)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    `ExecStart=${argv.map(quoted).join(" ")}`,
    "Restart=always",
    "RestartSec=5",
    "KillMode=process",
    "TimeoutStopSec=120",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** One word of a unit file: quoted, and without specifiers (`%`), variables (`$`) and line ends. */
function quoted(word: string): string {
  if (/[\r\n\0]/.test(word)) throw new TypeError("a unit file can't hold a line end");
  return `"${word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$")}"`;
}
