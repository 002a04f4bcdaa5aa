<?php
// The first process of Howdah's PHP containers. See README.md beside this directory. Runs on PHP 7.4 and later, without a shell.
declare(strict_types=1);

namespace Howdah;

foreach ([
    'failure', 'log', 'signals', 'configuration', 'database', 'wait-for-database', 'process', 'files', 'ledger', 'database-ledger',
    'file-ledger', 'attempt', 'decide', 'hooks', 'seed-mounts', 'merge-code', 'sql-reader', 'import-sql', 'health', 'opcache', 'catch-mail', 'serve',
] as $part) {
    require __DIR__ . "/$part.php";
}

/** @param string[] $arguments */
function main(array $arguments): void
{
    $command = (string) array_shift($arguments);
    $path = getenv('HOWDAH_ENTRYPOINT_CONFIG') ?: '/etc/howdah/entrypoint.json';
    if ($arguments !== [] && $arguments[0] === '--') {
        array_shift($arguments);
    }
    // PHP reads our settings last, whoever starts it: the server, a hook, a one-off.
    if (getenv('PHP_INI_SCAN_DIR') === false) {
        putenv('PHP_INI_SCAN_DIR=:' . dirname($path));
    }
    switch ($command) {
        case 'serve':
            serve(read_configuration($path));
            return;
        case 'prepare':
            prepare(read_configuration($path));
            return;
        case 'migrate':
            migrate(read_configuration($path));
            return;
        case 'ledger':
            ledger_command(read_configuration($path), $arguments);
            return;
        case 'run':
            run_one_off(read_configuration($path), $arguments);
            return;
        case 'merge-code':
            merge_code(read_configuration($path));
            return;
        case 'sql':
            sql_command($arguments);
            return;
        case 'prime-opcache':
            prime_opcache(read_configuration($path), (string) ($arguments[0] ?? ''), (int) ($arguments[1] ?? 0), (int) ($arguments[2] ?? 0));
            return;
        case 'health':
            health(read_configuration($path));
            return;
    }
    throw new Failure('usage/invalid', EXIT_USAGE, 'Usage: entrypoint.php serve | prepare | migrate | ledger [retry|done STEP] | run -- ARGV… | sql FILE|- | merge-code | prime-opcache DIRECTORY SECONDS BYTES | health');
}

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
ini_set('memory_limit', '-1');
set_time_limit(0);
umask(0022);
catch_signals();
try {
    main(array_slice($argv, 1));
    exit(0);
} catch (Stopped $stopped) {
    emit('stopped', 'stopped while preparing', ['signal' => $stopped->signal]);
    exit(128 + $stopped->signal);
} catch (Failure $failure) {
    emit('failed', $failure->getMessage(), ['code' => $failure->name, 'exit' => $failure->exit]);
    exit($failure->exit);
} catch (\mysqli_sql_exception $error) {
    $lost = in_array($error->getCode(), [1040, 1053, 2002, 2006, 2013], true);
    $code = $lost ? EXIT_DATABASE : EXIT_BUG;
    emit('failed', 'The database: ' . $error->getMessage(), ['code' => $lost ? 'database/unreachable' : 'database/failed', 'exit' => $code]);
    exit($code);
} catch (\Throwable $bug) {
    $where = basename($bug->getFile()) . ':' . $bug->getLine();
    emit('failed', $bug->getMessage() . " ($where)", ['code' => 'bug', 'exit' => EXIT_BUG]);
    exit(EXIT_BUG);
}
