<?php
// TYPO3 12 and later set themselves up from the environment.
declare(strict_types=1);

require __DIR__ . '/run-installer.php';
$password = (string) getenv('HOWDAH_ADMIN_PASSWORD');
exit(run_installer([PHP_BINARY, 'vendor/bin/typo3', 'setup', '--no-interaction', '--force', '--server-type=other'], [
    'TYPO3_SETUP_ADMIN_USERNAME' => getenv('HOWDAH_ADMIN_USER') ?: 'admin',
    'TYPO3_SETUP_ADMIN_PASSWORD' => $password,
    'TYPO3_SETUP_ADMIN_EMAIL' => getenv('HOWDAH_ADMIN_EMAIL') ?: 'admin@example.org',
    'TYPO3_SETUP_CREATE_SITE' => getenv('HOWDAH_URL') ?: 'http://localhost',
], [$password]));
