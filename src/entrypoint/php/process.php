<?php
declare(strict_types=1);

namespace Howdah;

/** A line longer than this is cut, so that a program can't fill our memory. */
const LONGEST_LINE = 16384;

/**
 * Runs a program to its end. Its output goes to stderr line by line. The program inherits our open sockets on purpose: when we are
 * killed, the ledger's lock lives on as long as the program does, so that nobody starts it a second time beside itself.
 * @param string[] $argv
 * @param callable(): void $tick called about once a second; what it throws ends the program
 * @return array{exit: int, output: string[]}
 */
function run_program(array $argv, string $directory, callable $tick): array
{
    $process = @proc_open(array_values($argv), [0 => ['file', '/dev/null', 'r'], 1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes, $directory);
    if (!is_resource($process)) {
        return ['exit' => 127, 'output' => ["{$argv[0]} can't be started"]];
    }
    stream_set_blocking($pipes[1], false);
    $lines = [];
    $rest = '';
    try {
        for (;;) {
            $status = proc_get_status($process);
            $rest = print_lines($rest . read_available($pipes[1], $status['running'] ? 1 : 0), $lines);
            if (!$status['running']) {
                break;
            }
            check_stop();
            $tick();
        }
    } catch (\Throwable $reason) {
        end_program($process);
        throw $reason;
    }
    print_lines($rest . "\n", $lines);
    fclose($pipes[1]);
    proc_close($process);
    return ['exit' => $status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'], 'output' => $lines];
}

/** Everything that is there, after waiting up to `$seconds` for something. @param resource $pipe */
function read_available($pipe, int $seconds): string
{
    $read = [$pipe];
    $none = null;
    if (@stream_select($read, $none, $none, $seconds) < 1) {
        return '';
    }
    $text = stream_get_contents($pipe, 65536);
    if ($text === '' && feof($pipe) && $seconds > 0) {
        usleep(100000); // it closed its output but still runs
    }
    return $text === false ? '' : $text;
}

/** Prints whole lines, keeps the last ones, and returns what has no end yet. @param string[] $lines */
function print_lines(string $text, array &$lines): string
{
    $parts = explode("\n", $text);
    $rest = (string) array_pop($parts);
    foreach ($parts as $line) {
        if ($line === '') {
            continue;
        }
        $line = substr($line, 0, LONGEST_LINE);
        // A program must not speak with our voice to the engine.
        fwrite(STDERR, (strncmp($line, 'howdah: ', 8) === 0 ? '> ' : '') . $line . "\n");
        $lines[] = $line;
    }
    $lines = array_slice($lines, -40);
    return strlen($rest) > LONGEST_LINE ? substr($rest, 0, LONGEST_LINE) : $rest;
}

/** Asks a program to end, and makes it after ten seconds. @param resource $process */
function end_program($process): void
{
    @proc_terminate($process, SIGTERM);
    for ($i = 0; $i < 100 && proc_get_status($process)['running']; $i++) {
        usleep(100000);
    }
    if (proc_get_status($process)['running']) {
        @proc_terminate($process, SIGKILL);
    }
    proc_close($process);
}

/** The absolute path of a program, as a shell would find it: there may be no shell to ask. */
function find_program(string $name): string
{
    if (strpos($name, '/') !== false) {
        return $name;
    }
    foreach (explode(':', getenv('PATH') ?: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin') as $directory) {
        if ($directory !== '' && is_executable("$directory/$name") && !is_dir("$directory/$name")) {
            return "$directory/$name";
        }
    }
    return $name;
}

/** Becomes another program: same process, so it gets the container's signals itself. @param string[] $argv */
function become(array $argv): void
{
    $program = find_program($argv[0]);
    fflush(STDERR);
    @pcntl_exec($program, array_slice($argv, 1), getenv());
    throw new Failure('engine/crashed', 127, "$program can't be started: " . pcntl_strerror(pcntl_get_last_error()));
}
