<?php
// Where settings and secrets come from; for config.php and for the scripts beside this.

/** A setting of the environment; without a default it has to be there. */
function moodle_setting(string $name, ?string $default = null): string
{
    $value = getenv($name);
    if ($value !== false) {
        return $value;
    }
    if ($default === null) {
        throw new RuntimeException("the environment lacks $name");
    }
    return $default;
}

/** What a file of a mounted secret holds. */
function moodle_secret(string $path): string
{
    $value = @file_get_contents(moodle_setting('MOODLE_MOUNTS', '/run/moodle') . "/$path");
    if ($value === false) {
        throw new RuntimeException("the secret $path isn't mounted");
    }
    return $value;
}

/** A connection to the database without any of Moodle; throws where there is none. */
function moodle_database(): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $database = mysqli_init();
    $database->options(MYSQLI_OPT_CONNECT_TIMEOUT, 5);
    $database->real_connect(
        moodle_setting('MOODLE_DATABASE_HOST'),
        'moodle',
        moodle_secret('app/database-password'),
        'moodle',
        (int) moodle_setting('MOODLE_DATABASE_PORT', '3306')
    );
    return $database;
}
