import { catchesMail, MAIL_PATHS } from "../mail/caught-mail.ts";
import type { Runtime, Site } from "../../site/site.ts";
import { PHP_PATHS } from "./entrypoint-config.ts";
import type { IniValue } from "./ini-tree.ts";

/** Beside php.ini: prepended to every script of an environment. */
export const MAIL_FUNCTION = "mail-function.php";

/** Setting, of ours alone, with the file that the site itself prepends. */
const OWN_PREPEND = "howdah.auto_prepend_file";

/** PHP 7.4 lets nobody define a function that is switched off: there mail() starts sendmail, which needs a shell. */
function replacesFunction(site: Site, runtime: Runtime): boolean {
  return catchesMail(site) && runtime.php !== "7.4";
}

/**
 * Settings that make mail() an environment's own. PHP's starts sendmail by a shell, which most images don't have, so it is switched off and defined anew;
 * who starts sendmail by itself finds ours.
 */
export function mailSettings(site: Site, runtime: Runtime): Readonly<Record<string, IniValue>> {
  if (!catchesMail(site)) return {};
  const sendmail = { sendmail_path: `/usr/bin/php -n ${MAIL_PATHS.sendmail} -t -i` };
  if (!replacesFunction(site, runtime)) return sendmail;
  const off = [runtime.ini["disable_functions"] ?? "", "mail", "mb_send_mail"].filter((name) => name !== "").join(",");
  const own = runtime.ini["auto_prepend_file"];
  return {
    ...sendmail,
    disable_functions: off,
    auto_prepend_file: `${PHP_PATHS.configuration}/${MAIL_FUNCTION}`,
    ...(own === undefined ? {} : { [OWN_PREPEND]: own }),
  };
}

/** The same for PHP-FPM's pool: a `.user.ini` that prepends something would leave scripts without mail(). */
export function mailPoolSettings(site: Site, runtime: Runtime): Readonly<Record<string, IniValue>> {
  if (!replacesFunction(site, runtime)) return {};
  return { "php_admin_value[auto_prepend_file]": `${PHP_PATHS.configuration}/${MAIL_FUNCTION}` };
}

/** The script that is prepended. An image of a former Howdah has no mailbox: there nothing can be sent, and pages are shown all the same. */
export function renderMailFunction(site: Site, runtime: Runtime): Readonly<Record<string, string>> {
  if (!replacesFunction(site, runtime)) return {};
  return {
    [MAIL_FUNCTION]: `<?php
if (is_file('${MAIL_PATHS.function}')) {
    require_once '${MAIL_PATHS.function}';
} elseif (!function_exists('mail')) {
    function mail()
    {
        return false;
    }
}
if (is_string(get_cfg_var('${OWN_PREPEND}'))) {
    require get_cfg_var('${OWN_PREPEND}');
}
`,
  };
}
