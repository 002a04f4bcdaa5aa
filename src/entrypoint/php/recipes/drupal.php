<?php
// Drupal through drush; settings.php with the database is part of the image.
declare(strict_types=1);

require __DIR__ . '/run-installer.php';
$password = (string) getenv('HOWDAH_ADMIN_PASSWORD');
exit(run_installer([
    PHP_BINARY, 'vendor/bin/drush', 'site:install', '--yes',
    '--account-name=' . (getenv('HOWDAH_ADMIN_USER') ?: 'admin'),
    '--account-pass=' . $password,
    '--account-mail=' . (getenv('HOWDAH_ADMIN_EMAIL') ?: 'admin@example.org'),
    '--site-name=' . (getenv('HOWDAH_SITE_TITLE') ?: 'Drupal'),
], [], [$password]));
