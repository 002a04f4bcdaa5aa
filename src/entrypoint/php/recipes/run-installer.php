<?php
// Shared by recipes whose application brings a command line installer: runs it and keeps secrets out of the log.
declare(strict_types=1);

/**
 * Runs a program in the code root; its output goes on with every secret replaced.
 * @param string[] $argv @param array<string, string> $environment @param string[] $secrets
 */
function run_installer(array $argv, array $environment, array $secrets): int
{
    $process = proc_open($argv, [['file', '/dev/null', 'r'], ['pipe', 'w'], ['redirect', 1]], $pipes, getcwd(), $environment + getenv());
    if (!is_resource($process)) {
        fwrite(STDERR, "{$argv[0]} can't be started\n");
        return 127;
    }
    $secrets = array_values(array_filter($secrets, 'strlen'));
    while (($line = fgets($pipes[1])) !== false) {
        fwrite(STDOUT, str_replace($secrets, '********', $line));
    }
    return proc_close($process);
}
