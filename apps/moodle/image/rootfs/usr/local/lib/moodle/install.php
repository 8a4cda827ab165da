<?php
// Runs Moodle's installer with the settings of the environment. From within PHP, so that
// the password is in no list of processes.

require_once(__DIR__ . '/settings.php');

$root = moodle_setting('MOODLE_ROOT', '/var/www/moodle');
$_SERVER['argv'] = $argv = [
    "$root/admin/cli/install_database.php",
    '--agree-license',
    '--lang=' . moodle_setting('MOODLE_LANGUAGE', 'en'),
    '--fullname=' . moodle_setting('MOODLE_SITE_FULL_NAME'),
    '--shortname=' . moodle_setting('MOODLE_SITE_SHORT_NAME'),
    '--adminuser=' . moodle_setting('MOODLE_ADMIN_USERNAME'),
    '--adminemail=' . moodle_setting('MOODLE_ADMIN_EMAIL'),
    '--adminpass=' . moodle_setting('MOODLE_ADMIN_PASSWORD'),
];
$_SERVER['argc'] = $argc = count($argv);
require($argv[0]);
