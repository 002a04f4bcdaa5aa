/**
 * A page that counts a session's visits: `3 CODE POD`. With `?slowly` it thinks between reading and writing the count, so that without a lock
 * requests at the same time would count one another's visits away. A session that can't be had is said, and never looks like a new visitor.
 */
export function countingPage(code: string): string {
  return `<?php
if (!session_start()) { http_response_code(503); exit("no session"); }
$visits = ($_SESSION["visits"] ?? 0) + 1;
if (isset($_GET["slowly"])) usleep(150_000);
$_SESSION["visits"] = $visits;
session_write_close();
echo $visits, " ${code} ", gethostname();
`;
}
