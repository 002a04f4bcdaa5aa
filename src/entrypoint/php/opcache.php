<?php
declare(strict_types=1);

namespace Howdah;

/** Larger scripts are data in PHP's clothes. */
const LARGEST_SCRIPT = 4 << 20;

/**
 * Compiles the scripts below the code root into opcache's file cache, and runs none. PHP-FPM does it, since opcache keeps what the command
 * line compiled under another system id; in a request for each, since compiling declares functions, and two scripts of one application
 * may declare the same ones (WordPress' wp-admin/includes/noop.php). Answers JSON on stdout.
 * @param array<string, mixed> $configuration @param string $directory opcache.file_cache @param int $seconds @param int $bytes when to stop
 */
function prime_opcache(array $configuration, string $directory, int $seconds, int $bytes): void
{
    proc_nice(19);
    $end = microtime(true) + $seconds;
    $found = ['scripts' => 0, 'refused' => 0, 'bytes' => 0, 'stopped' => null];
    $socket = "$directory/compiler.sock";
    $compiler = start_compiler($configuration['server'][0], $directory, $socket);
    try {
        foreach (scripts_below($configuration['root']) as $script) {
            check_stop();
            if (microtime(true) > $end || $found['bytes'] > $bytes) {
                $found['stopped'] = $found['bytes'] > $bytes ? 'size' : 'time';
                break;
            }
            fastcgi_get("unix://$socket", __DIR__ . '/compile-script.php', 60, ['HOWDAH_SCRIPT' => $script]);
            $size = compiled_size($directory, $script);
            $found[$size > 0 ? 'scripts' : 'refused']++;
            $found['bytes'] += $size;
        }
    } finally {
        end_program($compiler);
    }
    if ($found['scripts'] === 0 && $found['refused'] > 0) {
        throw new Failure('site/files-failed', EXIT_FILES, "None of {$found['refused']} scripts could be compiled to $directory");
    }
    fwrite(STDOUT, json_encode($found) . "\n");
}

/**
 * A PHP-FPM that answers us alone. With the JIT on it would write no file cache; prepended scripts and preloading would run code of the site.
 * @return resource
 */
function start_compiler(string $fpm, string $directory, string $socket)
{
    $pool = "[global]\ndaemonize = no\nerror_log = /proc/self/fd/2\n[www]\nlisten = $socket\npm = static\npm.max_children = 1\n";
    write_file("$directory/compiler.conf", $pool);
    $settings = [
        'opcache.enable' => '1', 'opcache.jit' => 'off', 'opcache.file_cache' => $directory, 'opcache.file_cache_only' => '1',
        'opcache.lockfile_path' => $directory, 'opcache.preload' => '', 'auto_prepend_file' => '', 'auto_append_file' => '',
    ];
    $argv = [$fpm, '-F', '-O', '-y', "$directory/compiler.conf"];
    foreach ($settings as $name => $value) {
        array_push($argv, '-d', "$name=$value");
    }
    $null = ['file', '/dev/null', 'r+'];
    $compiler = @proc_open($argv, [0 => $null, 1 => $null, 2 => $null], $pipes);
    for ($tries = 0; is_resource($compiler) && !file_exists($socket) && $tries < 600; $tries++) {
        rest(0.05);
    }
    if (!is_resource($compiler) || !file_exists($socket)) {
        throw new Failure('engine/crashed', EXIT_FILES, "$fpm does not start to compile");
    }
    return $compiler;
}

/** Bytes of a script's compiled form; 0 when there is none. */
function compiled_size(string $directory, string $script): int
{
    static $system = null;
    $system = $system ?? (glob("$directory/*", GLOB_ONLYDIR)[0] ?? null);
    return (int) @filesize("$system$script.bin");
}

/** What holds PHP by its name or its first bytes (Drupal's `.module`), in the order of names. @return \Generator<string> */
function scripts_below(string $directory): \Generator
{
    foreach ((@scandir($directory) ?: []) as $name) {
        $path = "$directory/$name";
        if ($name[0] === '.' || $name === 'node_modules' || is_link($path)) {
            continue;
        }
        if (is_dir($path)) {
            yield from scripts_below($path);
        } elseif (@filesize($path) <= LARGEST_SCRIPT && (substr($name, -4) === '.php' || @file_get_contents($path, false, null, 0, 5) === '<?php')) {
            yield $path;
        }
    }
}

/**
 * The server's command, with compiled code if the machine has some. opcache wants its directory writable, or it ignores it; so this is one
 * of our own that leads to the read-only ones, one for each build of PHP.
 * @param array<string, mixed> $configuration @return string[]
 */
function server_command(array $configuration): array
{
    $opcache = $configuration['opcache'] ?? null;
    $primed = $opcache === null ? [] : (glob($opcache['primed'] . '/' . str_repeat('[0-9a-f]', 32), GLOB_ONLYDIR) ?: []);
    if ($primed === [] || (!is_dir($opcache['directory']) && !@mkdir($opcache['directory'], 0700))) {
        return $configuration['server'];
    }
    foreach ($primed as $system) {
        $link = $opcache['directory'] . '/' . basename($system);
        if (!is_link($link) && !@symlink($system, $link)) {
            return $configuration['server'];
        }
    }
    return array_merge($configuration['server'], ['-d', 'opcache.file_cache=' . $opcache['directory']]);
}
