<?php
// MediaWiki without a browser: `mediawiki.php install` makes the tables and the administrator, `mediawiki.php migrate` updates them.
// The installer refuses to work beside a LocalSettings.php, and ours is part of the image: MW_CONFIG_FILE hides it from the installer only.
declare(strict_types=1);

/** @param string[] $argv @param array<string, string> $environment */
function run_maintenance(array $argv, array $environment): int
{
    $process = proc_open(array_merge([PHP_BINARY], $argv), [['file', '/dev/null', 'r'], STDOUT, STDERR], $pipes, getcwd(), $environment + getenv());
    return is_resource($process) ? proc_close($process) : 127;
}

/** A file that only we can read, for a password: command lines are public. */
function secret_file(string $directory, string $name, string $value): string
{
    file_put_contents("$directory/$name", $value . "\n");
    return "$directory/$name";
}

if (($argv[1] ?? '') === 'migrate') {
    exit(run_maintenance(['maintenance/update.php', '--quick'], []));
}

umask(0077);
$work = sys_get_temp_dir() . '/mediawiki-install-' . getmypid();
mkdir($work, 0700);
$code = run_maintenance([
    'maintenance/install.php',
    '--dbtype=mysql',
    '--dbserver=' . getenv('DB_HOST') . ':' . (getenv('DB_PORT') ?: '3306'),
    '--dbname=' . getenv('DB_NAME'),
    '--dbuser=' . getenv('DB_USER'),
    '--dbpassfile=' . secret_file($work, 'database', (string) getenv('DB_PASSWORD')),
    '--passfile=' . secret_file($work, 'administrator', (string) getenv('HOWDAH_ADMIN_PASSWORD')),
    '--server=' . (getenv('HOWDAH_URL') ?: 'http://localhost'),
    '--scriptpath=',
    '--lang=' . (getenv('HOWDAH_LANGUAGE') ?: 'en'),
    '--confpath=' . $work,
    getenv('HOWDAH_SITE_TITLE') ?: 'MediaWiki',
    getenv('HOWDAH_ADMIN_USER') ?: 'Admin',
], ['MW_CONFIG_FILE' => $work . '/none.php']);
$done = $code === 0 && is_file("$work/LocalSettings.php");
foreach (glob("$work/*") as $file) {
    unlink($file);
}
rmdir($work);
if (!$done) {
    fwrite(STDERR, "MediaWiki's installer did not come to its end\n");
}
exit($done ? 0 : max(1, $code));
