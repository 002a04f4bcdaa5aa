<?php
// Typecho's own installer reads TYPECHO_* from the environment; it prints the password, which must not reach the log.
declare(strict_types=1);

require __DIR__ . '/run-installer.php';
$password = (string) getenv('HOWDAH_ADMIN_PASSWORD');
exit(run_installer([PHP_BINARY, 'install.php'], [
    'TYPECHO_DB_NEXT' => 'none',
    'TYPECHO_USER_NAME' => getenv('HOWDAH_ADMIN_USER') ?: 'admin',
    'TYPECHO_USER_PASSWORD' => $password,
    'TYPECHO_USER_MAIL' => getenv('HOWDAH_ADMIN_EMAIL') ?: 'admin@example.org',
    'TYPECHO_SITE_URL' => getenv('HOWDAH_URL') ?: 'http://localhost',
], [$password]));
