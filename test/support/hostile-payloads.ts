/** Made by any payload that is run as code: it must never be there. */
export const CANARY = "/tmp/howdah-canary";

/** Texts that a shell, nginx, PHP's configuration, SQL, podman's options or a path would take for something else. */
export const payloads: readonly string[] = [
  `$(touch ${CANARY})`,
  `\`touch ${CANARY}\``,
  `; touch ${CANARY} ;`,
  `| touch ${CANARY}`,
  `&& touch ${CANARY}`,
  `' ; touch ${CANARY} ; '`,
  `" ; touch ${CANARY} ; "`,
  `x\ntouch ${CANARY}\n`,
  "x; } location /evil { return 200 evil; } #",
  "x\nauto_prepend_file=/tmp/evil",
  "'; DROP DATABASE mysql; --",
  "--privileged",
  "-v/:/host",
  "../../../etc/passwd",
  "%n%s$document_root",
  "\u202egnp.exe",
  "💥 ünïcode",
  "a\\",
  "${HOME}",
];
