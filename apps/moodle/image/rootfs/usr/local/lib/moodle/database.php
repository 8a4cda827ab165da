<?php
// database.php state: prints what the database holds: `empty`, `unfinished` or `site`.
// database.php clear: empties one that holds an unfinished installation, and no other.

require_once(__DIR__ . '/settings.php');

/** The installer sets `rolesactive` last of all; without it nobody ever used the site. */
function state(mysqli $database): string
{
    if ($database->query('SHOW TABLES')->num_rows === 0) {
        return 'empty';
    }
    if ($database->query("SHOW TABLES LIKE 'mdl\\_config'")->num_rows === 0) {
        return 'unfinished';
    }
    $done = $database->query("SELECT 1 FROM mdl_config WHERE name = 'rolesactive' AND value = '1'");
    return $done->num_rows === 0 ? 'unfinished' : 'site';
}

function clear(mysqli $database): void
{
    if (state($database) !== 'unfinished') {
        throw new RuntimeException('the database holds no unfinished installation');
    }
    // A look at people as well: whatever the settings say, accounts are worth keeping.
    if ($database->query("SHOW TABLES LIKE 'mdl\\_user'")->num_rows > 0
        && (int) $database->query('SELECT COUNT(*) FROM mdl_user WHERE lastaccess > 0')->fetch_row()[0] > 0) {
        throw new RuntimeException('the installation is unfinished and yet somebody was signed in; restore the database or finish the upgrade by hand');
    }
    $database->query('SET FOREIGN_KEY_CHECKS = 0');
    foreach ($database->query('SHOW TABLES')->fetch_all() as [$table]) {
        $database->query('DROP TABLE `' . str_replace('`', '``', $table) . '`');
    }
}

try {
    $database = moodle_database();
    switch ($argv[1] ?? '') {
        case 'state':
            echo state($database), "\n";
            break;
        case 'clear':
            clear($database);
            break;
        default:
            throw new RuntimeException('usage: database.php state|clear');
    }
} catch (Throwable $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
