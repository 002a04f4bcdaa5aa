<?php
// Icinga Web 2's settings as its wizard would write them, in $ICINGAWEB_CONFIGDIR. `install` also makes the administrator; `migrate`
// renews only where the database is.
declare(strict_types=1);

/** One value of Icinga's ini notation; a quote can't be escaped there. */
function ini_value(string $value): string
{
    return '"' . str_replace(['"', "\n", "\r"], '', $value) . '"';
}

/** @param array<string, array<string, string>> $sections */
function write_settings(string $path, array $sections): void
{
    $text = '';
    foreach ($sections as $name => $values) {
        $text .= "[$name]\n";
        foreach ($values as $key => $value) {
            $text .= "$key = " . ini_value($value) . "\n";
        }
        $text .= "\n";
    }
    if (file_put_contents("$path.tmp", $text) !== strlen($text) || !chmod("$path.tmp", 0600) || !rename("$path.tmp", $path)) {
        fwrite(STDERR, "Can't write $path\n");
        exit(1);
    }
}

$directory = getenv('ICINGAWEB_CONFIGDIR') ?: getcwd() . '/howdah-config';
write_settings("$directory/resources.ini", ['icingaweb_db' => [
    'type' => 'db',
    'db' => 'mysql',
    'host' => (string) getenv('DB_HOST'),
    'port' => getenv('DB_PORT') ?: '3306',
    'dbname' => (string) getenv('DB_NAME'),
    'username' => (string) getenv('DB_USER'),
    'password' => (string) getenv('DB_PASSWORD'),
    'charset' => 'utf8mb4',
]]);
if (($argv[1] ?? '') !== 'install') {
    exit(0);
}
$user = getenv('HOWDAH_ADMIN_USER') ?: 'admin';
write_settings("$directory/config.ini", [
    'global' => ['show_stacktraces' => '0', 'config_backend' => 'db', 'config_resource' => 'icingaweb_db'],
    'logging' => ['log' => 'php', 'level' => 'ERROR'],
]);
write_settings("$directory/authentication.ini", ['icingaweb2' => ['backend' => 'db', 'resource' => 'icingaweb_db']]);
write_settings("$directory/roles.ini", ['Administrators' => ['users' => $user, 'permissions' => '*', 'groups' => 'Administrators']]);
$database = new PDO(
    'mysql:host=' . getenv('DB_HOST') . ';port=' . (getenv('DB_PORT') ?: '3306') . ';dbname=' . getenv('DB_NAME') . ';charset=utf8mb4',
    (string) getenv('DB_USER'),
    (string) getenv('DB_PASSWORD'),
    [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]
);
$query = $database->prepare('INSERT INTO icingaweb_user (name, active, password_hash) VALUES (?, 1, ?)');
$query->execute([$user, password_hash((string) getenv('HOWDAH_ADMIN_PASSWORD'), PASSWORD_DEFAULT)]);
echo "Icinga Web is installed, administrator $user\n";
