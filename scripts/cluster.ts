import { parseArgs } from "node:util";
import { runCommand } from "../test/cluster/command.ts";

/** The test cluster, by hand: `npm run cluster -- --help`. */
const [verb = "", ...rest] = process.argv.slice(2);
const { values, positionals } =
  verb === "enter"
    ? { values: {}, positionals: [verb, ...rest] } // what follows are another program's words
    : parseArgs({
        allowPositionals: true,
        options: { with: { type: "string", multiple: true }, output: { type: "string" }, help: { type: "boolean", short: "h" } },
      });
process.exitCode = await runCommand(positionals, {
  addons: values.with ?? [],
  json: values.output === "json",
  help: values.help ?? false,
});
