import type { Runtime, Site } from "../../site/site.ts";
import { renderPhpIni } from "./php-ini.ts";

/**
 * The text of php.ini where tests run: the site's settings, but every notice counts, assertions are judged and stack traces show arguments.
 * What the site file says itself wins.
 */
export function renderTestIni(site: Site, runtime: Runtime): string {
  const tests = {
    error_reporting: "E_ALL",
    "session.save_path": "/tmp",
    "zend.assertions": "1",
    "zend.exception_ignore_args": "Off",
  };
  return renderPhpIni(site, { ...runtime, ini: { ...tests, ...runtime.ini } });
}
