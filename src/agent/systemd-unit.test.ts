import { expect, it } from "vitest";
import { systemdUnit } from "./systemd-unit.ts";

it("starts the agent with its words quoted", () => {
  const unit = systemdUnit(["/usr/bin/node", '/opt/a "b"/howdah', "agent", "100%", "$HOME"], { HOWDAH_STATE_DIR: "/var/lib/howdah" });
  expect(unit).toContain(String.raw`ExecStart="/usr/bin/node" "/opt/a \"b\"/howdah" "agent" "100%%" "$$HOME"`);
  expect(unit).toContain('Environment="HOWDAH_STATE_DIR=/var/lib/howdah"');
  expect(unit).toContain("KillMode=process");
});

it("refuses a line end", () => {
  expect(() => systemdUnit(["/usr/bin/node\nExecStartPre=/bin/evil"], {})).toThrow(/line end/);
});
