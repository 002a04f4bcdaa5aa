import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { styleFor } from "../report/style.ts";
import { terminalText } from "../report/terminal-text.ts";

/** `howdah doctor`: what the machine lacks, and the command that mends it. */
export function doctorCommand(program: Command, choose: Choose): void {
  program
    .command("doctor")
    .summary("what this machine lacks, and the command that mends it")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah doctor\n  howdah doctor --output json\n\nExit code: 0 when nothing is missing, 69 otherwise.",
    )
    .action(() => {
      choose(async (context) => {
        const ports = await context.ports();
        const { httpPort, bind } = ports.settings;
        const checks = [...(await ports.machine.check())];
        const agent = await ports.agent.status();
        checks.push({ name: "agent", ok: true, detail: agent.running ? `running (${agent.how})` : "not running; `howdah up` starts it" });
        const free = await ports.machine.portIsFree(bind, httpPort);
        const ours =
          !free &&
          (await ports.http
            .get("http://howdah.invalid/", {
              host: "howdah.invalid",
              connect: { address: reachable(bind), port: httpPort },
              timeoutMs: 2000,
            })
            .then(
              (answer) => "x-howdah-edge" in answer.headers,
              () => false,
            ));
        checks.push(
          free || ours
            ? { name: `port ${String(httpPort)}`, ok: true, detail: free ? "free" : "used by Howdah's own edge" }
            : {
                name: `port ${String(httpPort)}`,
                ok: false,
                detail: "used by another program",
                fix: "Stop it, or choose another port: howdah up --port 8081",
              },
        );
        const bad = checks.filter((check) => !check.ok);
        const style = styleFor(context.terminal.color);
        context.terminal.out(
          context.flags.output === "json"
            ? `${JSON.stringify({ ok: bad.length === 0, checks }, null, 2)}\n`
            : checks
                .map(
                  (check) =>
                    `${check.ok ? style.green("ok  ") : style.red("miss")} ${check.name.padEnd(16)} ${terminalText(check.detail)}\n${check.fix === undefined ? "" : `     ${style.bold("mend:")} ${terminalText(check.fix)}\n`}`,
                )
                .join(""),
        );
        return bad.length === 0 ? 0 : 69;
      });
    });
}

/** An address that listens for all is asked on this machine's own. */
function reachable(bind: string): string {
  return bind === "0.0.0.0" ? "127.0.0.1" : bind;
}
